import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

import { metricsOf } from '../api/metrics';
import { Statistic, STATISTICS } from '../api/metricTypes';
import { IRun } from '../api/types';
import { fieldName } from './completion';
import { LoadName, LOADS } from './load';
import { Memory } from './memory';

export const ATTRIBUTES = [
  'duration',
  'started',
  'status',
  'verdict',
  'experiment',
  'notebook',
  'gpu',
  'gpus'
] as const;

// A type, not an interface: only types are accepted as JSON.
/** A column of the list. `charted` is the metric that the chart shows, whichever that is. */
export type Column =
  | { kind: 'charted' }
  | { kind: 'metrics'; name: string; statistic: Statistic }
  | { kind: 'params' | 'tags'; name: string }
  | { kind: 'load'; name: LoadName }
  | { kind: 'attribute'; name: (typeof ATTRIBUTES)[number] };

const MOST = 20;
const DEFAULT: readonly Column[] = [{ kind: 'charted' }];

/**
 * The columns of the list, in their order.
 */
export class ColumnsModel {
  constructor(state: IStateDB | null) {
    this._memory = new Memory(state, 'runlore:columns', isColumns);
  }

  /** Emitted when there are other columns. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get list(): readonly Column[] {
    return this._list;
  }

  async restore(): Promise<void> {
    this._list = (await this._memory.recall()) ?? DEFAULT;
  }

  /** Add a column behind the others; does nothing where it is there or there are too many. */
  add(column: Column): void {
    if (
      this._list.length < MOST &&
      !this._list.some(other => columnId(other) === columnId(column))
    ) {
      this._set([...this._list, column]);
    }
  }

  remove(column: Column): void {
    this._set(this._list.filter(other => columnId(other) !== columnId(column)));
  }

  /** Move a column so many places to the right; to the left for less than 0. */
  move(column: Column, by: number): void {
    const at = this._list.findIndex(other => columnId(other) === columnId(column));
    const rest = this._list.filter((_, index) => index !== at);
    rest.splice(Math.max(at + by, 0), 0, column);
    this._set(rest);
  }

  reset(): void {
    this._set(DEFAULT);
  }

  private _set(list: readonly Column[]): void {
    this._list = list;
    this._memory.keep([...list]);
    this._changed.emit();
  }

  private _list: readonly Column[] = DEFAULT;
  private _memory: Memory<Column[]>;
  private _changed = new Signal<this, void>(this);
}

/** The column as a field of the server's language; `metric` is the one in the chart, null for none. */
export function columnField(column: Column, metric: string | null): string | null {
  switch (column.kind) {
    case 'charted':
      return metric === null ? null : fieldName('metrics', metric);
    case 'metrics': {
      const name = fieldName('metrics', column.name);
      return column.statistic === 'last' ? name : `${name}.${column.statistic}`;
    }
    case 'attribute':
    case 'load':
      return column.name;
    default:
      return fieldName(column.kind, column.name);
  }
}

/** What tells a column from all others. */
export function columnId(column: Column): string {
  return columnField(column, null) ?? column.kind;
}

/** Columns that the runs have something for, those of the list included. */
export function possibleColumns(runs: readonly IRun[], list: readonly Column[]): Column[] {
  const names = (kind: 'params' | 'tags'): string[] =>
    [...new Set(runs.flatMap(run => Object.keys(run[kind])))].sort();
  const all: Column[] = [
    ...list,
    { kind: 'charted' },
    ...ATTRIBUTES.map((name): Column => ({ kind: 'attribute', name })),
    ...metricsOf(runs)
      .sort()
      .flatMap(name =>
        STATISTICS.map((statistic): Column => ({ kind: 'metrics', name, statistic }))
      ),
    ...LOADS.filter(name => runs.some(run => name in run.load)).map((name): Column => ({
      kind: 'load',
      name
    })),
    ...names('params').map((name): Column => ({ kind: 'params', name })),
    ...names('tags').map((name): Column => ({ kind: 'tags', name }))
  ];
  return [...new Map(all.map(column => [columnId(column), column])).values()];
}

function isColumns(value: unknown): value is Column[] {
  return Array.isArray(value) && value.length <= MOST && value.every(isColumn);
}

function isColumn(value: unknown): value is Column {
  const { kind, name, statistic } = (value ?? {}) as Record<string, unknown>;
  switch (kind) {
    case 'charted':
      return true;
    case 'metrics':
      return typeof name === 'string' && STATISTICS.some(known => known === statistic);
    case 'attribute':
      return ATTRIBUTES.some(known => known === name);
    case 'load':
      return LOADS.some(known => known === name);
    default:
      return (kind === 'params' || kind === 'tags') && typeof name === 'string';
  }
}
