import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

import { STATISTICS, Statistic } from '../api/metricTypes';
import { Memory } from './memory';

export const COMPARE_TABS = [
  'curves',
  'parallel',
  'scatter',
  'importance',
  'table',
  'diff'
] as const;

export type CompareTab = (typeof COMPARE_TABS)[number];

// A type, not an interface: only types are accepted as JSON.
/** How a comparison is looked at. */
export type Look = {
  tab: CompareTab;
  /** Whether columns in which all runs have the same are shown too. */
  all: boolean;
  /** Which number stands for a metric. */
  statistic: Statistic;
  /** The column that the table is sorted by, and whether the greatest stands first; null for the newest first. */
  sort: { column: string; descending: boolean } | null;
  /** Columns on the axes of the scatter plot; null for what suits. */
  x: string | null;
  y: string | null;
  /** The ids of the columns across which runs are drawn; null for what suits. */
  axes?: string[] | null;
  /** The metric whose parameters are weighed; null for the first. */
  metric: string | null;
  /** What the runs are grouped by: the id of a column, `seeds`, or null for nothing. */
  group: string | null;
};

const FIRST: Look = {
  tab: 'curves',
  all: false,
  statistic: 'last',
  sort: null,
  x: null,
  y: null,
  metric: null,
  group: null
};

/**
 * How a comparison is looked at; the next one begins as the last one was left.
 */
export class CompareLook {
  constructor(state: IStateDB | null) {
    this._memory = new Memory(state, 'runlore:compare', isLook);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get now(): Look {
    return this._now;
  }

  async restore(): Promise<void> {
    this._now = (await this._memory.recall()) ?? this._now;
  }

  set(change: Partial<Look>): void {
    this._now = { ...this._now, ...change };
    this._memory.keep(this._now);
    this._changed.emit();
  }

  private _now = FIRST;
  private _memory: Memory<Look>;
  private _changed = new Signal<this, void>(this);
}

function isLook(value: unknown): value is Look {
  const look = (value ?? {}) as Partial<Record<keyof Look, unknown>>;
  const sort = look.sort as Partial<Record<'column' | 'descending', unknown>> | null | undefined;
  return (
    COMPARE_TABS.some(tab => tab === look.tab) &&
    typeof look.all === 'boolean' &&
    STATISTICS.some(statistic => statistic === look.statistic) &&
    (sort === null || (typeof sort?.column === 'string' && typeof sort.descending === 'boolean')) &&
    [look.x, look.y, look.metric, look.group].every(
      name => name === null || typeof name === 'string'
    ) &&
    // An earlier version kept none.
    (!look.axes || (Array.isArray(look.axes) && look.axes.every(id => typeof id === 'string')))
  );
}
