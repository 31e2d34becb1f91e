import { metricNumber, metricsOf } from '../api/metrics';
import { Statistic } from '../api/metricTypes';
import { IRun } from '../api/types';
import { ATTRIBUTES, Column, columnId } from './columns';
import { deviceKinds } from './load';

/** What a run has in a column; null where it has nothing. */
export type Fact = string | number | null;

/** Entries of nested parameters that become columns. */
const MOST_ENTRIES = 1000;

/**
 * The columns that the runs have something for: verdict and status, parameters, metrics, the rest.
 *
 * @param statistic - Which number stands for a metric.
 */
export function compareColumns(runs: readonly IRun[], statistic: Statistic): Column[] {
  const params = new Set<string>();
  const tags = new Set<string>();
  for (const run of runs) {
    flatParams(run).forEach((_, name) => params.add(name));
    Object.keys(run.tags).forEach(name => tags.add(name));
  }
  const attribute = (name: (typeof ATTRIBUTES)[number]): Column => ({ kind: 'attribute', name });
  const all: Column[] = [
    ...[...params].sort(inOrder).map((name): Column => ({ kind: 'params', name })),
    ...metricsOf(runs).map((name): Column => ({ kind: 'metrics', name, statistic })),
    attribute('status'),
    attribute('verdict'),
    attribute('duration'),
    attribute('started'),
    attribute('experiment'),
    attribute('notebook'),
    attribute('gpu'),
    attribute('gpus'),
    ...[...tags].sort(inOrder).map((name): Column => ({ kind: 'tags', name }))
  ];
  return all.filter(column => runs.some(run => factOf(run, column) !== null));
}

/** The columns in which not all runs have the same; all of them where there is nothing to compare. */
export function differingColumns(
  runs: readonly IRun[],
  columns: readonly Column[]
): readonly Column[] {
  return runs.length < 2 ? columns : columns.filter(column => differs(runs, column));
}

export function differs(runs: readonly IRun[], column: Column): boolean {
  const [first, ...others] = runs;
  const fact = first && factOf(first, column);
  return others.some(run => !Object.is(factOf(run, column), fact));
}

/** What a run has in a column; a duration in seconds, a start in Unix seconds. */
export function factOf(run: IRun, column: Column): Fact {
  switch (column.kind) {
    case 'params':
      return flatParams(run).get(column.name) ?? null;
    case 'metrics':
      return metricNumber(run, column.name, column.statistic);
    case 'tags':
      return run.tags[column.name] ?? null;
    case 'load':
      return run.load[column.name] ?? null;
    case 'attribute':
      return attributeOf(run, column.name);
    case 'charted':
      return null;
  }
}

function attributeOf(run: IRun, name: (typeof ATTRIBUTES)[number]): Fact {
  switch (name) {
    case 'verdict':
      return run.verdict?.verdict ?? null;
    case 'gpu':
      return deviceKinds(run);
    case 'gpus':
      return run.devices.length || null;
    default:
      return run[name];
  }
}

/** The runs by what they have in a column; those that have nothing, or no number, come last either way. */
export function sortedRuns(
  runs: readonly IRun[],
  column: Column,
  isDescending: boolean
): readonly IRun[] {
  const there: [IRun, string | number][] = [];
  const absent: IRun[] = [];
  for (const run of runs) {
    const fact = factOf(run, column);
    if (fact === null || Number.isNaN(fact)) {
      absent.push(run);
    } else {
      there.push([run, fact]);
    }
  }
  const sign = isDescending ? -1 : 1;
  there.sort(([, a], [, b]) => sign * compareFacts(a, b));
  return [...there.map(([run]) => run), ...absent];
}

/** Numbers by size and before texts, texts as a reader sorts them. */
export function compareFacts(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  return typeof a === typeof b ? inOrder(String(a), String(b)) : typeof a === 'number' ? -1 : 1;
}

export function findColumn(columns: readonly Column[], id: string | null): Column | undefined {
  return id === null ? undefined : columns.find(column => columnId(column) === id);
}

const flattened = new WeakMap<IRun, Map<string, string | number>>();

/** The parameters with the entries of nested ones by their path, as in filters: `net.width`. */
function flatParams(run: IRun): Map<string, string | number> {
  let found = flattened.get(run);
  if (!found) {
    found = new Map();
    addEntries(found, '', run.params);
    flattened.set(run, found);
  }
  return found;
}

function addEntries(
  found: Map<string, string | number>,
  prefix: string,
  entries: Readonly<Record<string, unknown>>
): void {
  for (const [key, value] of Object.entries(entries)) {
    if (found.size >= MOST_ENTRIES) {
      return;
    }
    const name = prefix + key;
    if (isEntries(value) && Object.keys(value).length > 0) {
      addEntries(found, `${name}.`, value);
    } else if (value !== null && value !== undefined) {
      found.set(
        name,
        typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value)
      );
    }
  }
}

function isEntries(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const collator = new Intl.Collator(undefined, { numeric: true });

function inOrder(a: string, b: string): number {
  return collator.compare(a, b);
}
