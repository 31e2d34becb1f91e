import { ILine } from '../../charts/traces';
import { ISeedGroup } from '../../model/seedGroups';

/**
 * A row of the table of values: a run, or the runs of a group together, which follow it.
 */
export interface ILegendRow {
  /** Of the run, or of the one that leads the group. */
  line: ILine;
  /** The lines that are summed up; null for a run. */
  members: readonly ILine[] | null;
  isMember: boolean;
}

/**
 * What several values have in common.
 */
export interface ISummedUp {
  mean: number;
  /** The sample standard deviation (n − 1), as that of bands; NaN for one value alone. */
  deviation: number;
  count: number;
}

/** Sum values up; those that are not there (NaN) do not count. Null without any. */
export function summedUp(values: readonly number[]): ISummedUp | null {
  const there = values.filter(value => !Number.isNaN(value));
  const count = there.length;
  if (count === 0) {
    return null;
  }
  const mean = there.reduce((sum, value) => sum + value, 0) / count;
  const squares = there.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)), count };
}

/**
 * The rows, the greatest value first; a group stands where its mean does.
 *
 * @param groups - Those that are drawn as one line; a group of one line stays the line that it is.
 * @param valueOf - The value that gives the order, NaN without one, which comes last.
 * @param isShown - Whether the line counts in its group.
 */
export function legendRows(
  lines: readonly ILine[],
  groups: readonly ISeedGroup[],
  valueOf: (line: ILine) => number,
  isShown: (line: ILine) => boolean
): ILegendRow[] {
  const rest = new Map(lines.map(line => [line.curve.runId, line]));
  const blocks: { value: number; rows: ILegendRow[] }[] = [];
  for (const { runs } of groups) {
    const all = runs.flatMap(run => rest.get(run.run_id) ?? []);
    const members = all.filter(isShown);
    const [line] = members;
    if (line && members.length > 1) {
      all.forEach(member => rest.delete(member.curve.runId));
      const value = summedUp(members.map(valueOf))?.mean ?? NaN;
      const rows = sorted(all, valueOf).map(one => ({ line: one, members: null, isMember: true }));
      blocks.push({ value, rows: [{ line, members, isMember: false }, ...rows] });
    }
  }
  for (const line of rest.values()) {
    blocks.push({ value: valueOf(line), rows: [{ line, members: null, isMember: false }] });
  }
  return sorted(blocks, block => block.value).flatMap(block => block.rows);
}

function sorted<T>(all: readonly T[], valueOf: (one: T) => number): T[] {
  const valued = all.map(one => ({ one, value: valueOf(one) }));
  return valued.sort((a, b) => order(a.value, b.value)).map(({ one }) => one);
}

function order(a: number, b: number): number {
  return Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : b - a;
}
