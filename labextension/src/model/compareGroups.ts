import { IRun } from '../api/types';
import { Column } from './columns';
import { Fact, factOf, findColumn } from './compareColumns';
import { seedGroups } from './seedGroups';

/** Groups runs that differ in their seeds alone; columns have other ids. */
export const BY_SEEDS = 'seeds';

/**
 * Runs that have something in common.
 */
export interface ICompareGroup {
  key: string;
  /** What they have in the column by which they are grouped; of seeds, the run that lends the group its name. */
  common: Fact | IRun;
  runs: readonly IRun[];
  isOpen: boolean;
}

/**
 * A row of the table: a run, or the head of a group, under which its runs follow unless it is folded.
 */
export type CompareRow =
  { key: string; run: IRun; group: null } | { key: string; run: null; group: ICompareGroup };

/** What the runs of a group have in a column. */
export interface IGroupFact {
  /** What all of them have; of different numbers the mean; null for nothing or different texts. */
  fact: Fact;
  /** How far different numbers lie apart: the standard deviation; null where they are the same. */
  deviation: number | null;
}

/**
 * The rows of the table.
 *
 * @param runs - In the order of the table, in which groups and the runs of each keep the places of their first.
 * @param by - The id of a column, `seeds`, or null for no groups.
 * @param folded - The keys of groups whose runs do not show.
 */
export function compareRows(
  runs: readonly IRun[],
  by: string | null,
  columns: readonly Column[],
  folded: ReadonlySet<string>
): readonly CompareRow[] {
  const groups = groupsBy(runs, by, columns);
  const rowOf = (run: IRun): CompareRow => ({ key: run.run_id, run, group: null });
  if (!groups) {
    return runs.map(rowOf);
  }
  return groups.flatMap(({ common, runs: members }) => {
    const what = typeof common === 'object' && common !== null ? common.run_id : common;
    const key = `group:${JSON.stringify([by, typeof what, String(what)])}`;
    const isOpen = !folded.has(key);
    const head: CompareRow = { key, run: null, group: { key, common, runs: members, isOpen } };
    return [head, ...(isOpen ? members.map(rowOf) : [])];
  });
}

type Members = Pick<ICompareGroup, 'common' | 'runs'>;

function groupsBy(
  runs: readonly IRun[],
  by: string | null,
  columns: readonly Column[]
): Members[] | null {
  if (by === BY_SEEDS) {
    return bySeeds(runs);
  }
  const column = findColumn(columns, by);
  if (!column) {
    return null;
  }
  const groups = new Map<Fact, IRun[]>();
  for (const run of runs) {
    const fact = factOf(run, column);
    const members = groups.get(fact);
    if (members) {
      members.push(run);
    } else {
      groups.set(fact, [run]);
    }
  }
  return [...groups].map(([common, members]) => ({ common, runs: members }));
}

/** Exact reruns, which are no further samples, stand with their originals here. */
function bySeeds(runs: readonly IRun[]): Members[] {
  const places = new Map(runs.map((run, index) => [run.run_id, index]));
  const leaders = new Map<string, IRun>();
  for (const group of seedGroups(runs)) {
    group.runs.forEach(run => leaders.set(run.run_id, group.leader));
  }
  const groups = new Map<IRun, IRun[]>();
  for (const run of runs) {
    const original = run.rerun_of !== null && places.has(run.rerun_of) ? run.rerun_of : '';
    const leader = leaders.get(run.run_id) ?? leaders.get(original) ?? run;
    groups.set(leader, [...(groups.get(leader) ?? []), run]);
  }
  return [...groups].map(([common, members]) => ({ common, runs: members }));
}

/** What stands in the head of a group. */
export function groupFact(runs: readonly IRun[], column: Column): IGroupFact {
  const facts = runs.map(run => factOf(run, column));
  const [first = null] = facts;
  if (facts.every(fact => Object.is(fact, first))) {
    return { fact: first, deviation: null };
  }
  const numbers = facts.filter((fact): fact is number => Number.isFinite(fact));
  const isTime = column.kind === 'attribute' && column.name === 'started';
  if (numbers.length === 0 || isTime || facts.some(fact => typeof fact === 'string')) {
    return { fact: null, deviation: null };
  }
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    fact: mean,
    deviation: numbers.length > 1 ? Math.sqrt(squares / (numbers.length - 1)) : null
  };
}
