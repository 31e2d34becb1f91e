import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

import { isRecordOf, Memory } from './memory';

/** `time` is the time since each run's start, `wall` the time of day. */
export type XAxis = (typeof X_AXES)[number];

export const X_AXES = ['step', 'epoch', 'time', 'wall'] as const;

/**
 * How the curves of one experiment are looked at.
 */
export type ChartChoice = {
  /** Null until the user has chosen one. */
  metric: string | null;
  /** Whether all metrics are shown, a chart each, in place of one. */
  all: boolean;
  x: XAxis;
  logX: boolean;
  log: boolean;
  /** Weight of the past in the moving average, from 0 (none) to below 1. */
  smoothing: number;
  /** Whether runs that differ in their seeds alone are shown by their mean, and by what around it. */
  group: (typeof GROUPINGS)[number];
  /** Whether the best point of each line is marked. */
  best: boolean;
};

/** One line a run; or the mean of a group with the least and the greatest, or one standard deviation on each side. */
export const GROUPINGS = ['none', 'range', 'sd'] as const;

/** Until the user chooses. */
export const DEFAULT_CHOICE: ChartChoice = {
  metric: null,
  all: false,
  x: 'step',
  logX: false,
  log: false,
  smoothing: 0,
  group: 'none',
  best: false
};
const REMEMBERED = 200;

/**
 * The chart choices, remembered for every experiment.
 */
export class ChoicesModel {
  constructor(
    state: IStateDB | null,
    /** How the curves of any experiment are looked at until the user chooses. */
    private readonly _usual: () => Partial<ChartChoice> = () => ({})
  ) {
    this._memory = new Memory(state, 'runlore:charts', isChoices);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  async restore(): Promise<void> {
    const kept = Object.entries((await this._memory.recall()) ?? {});
    this._choices = new Map(kept.map(([name, choice]) => [name, { ...DEFAULT_CHOICE, ...choice }]));
  }

  get(experiment: string): ChartChoice {
    return this._choices.get(experiment) ?? this._default();
  }

  update(experiment: string, change: Partial<ChartChoice>): void {
    const choice = { ...this.get(experiment), ...change };
    this._choices.delete(experiment);
    this._choices.set(experiment, choice);
    this._choices = new Map([...this._choices].slice(-REMEMBERED));
    this._memory.keep(Object.fromEntries(this._choices));
    this._changed.emit();
  }

  /** The same object until something in it changes. */
  private _default(): ChartChoice {
    const choice = { ...DEFAULT_CHOICE, ...this._usual() };
    if (JSON.stringify(choice) !== JSON.stringify(this._lastDefault)) {
      this._lastDefault = choice;
    }
    return this._lastDefault;
  }

  private _lastDefault = DEFAULT_CHOICE;
  private _choices = new Map<string, ChartChoice>();
  private _memory: Memory<Record<string, Partial<ChartChoice>>>;
  private _changed = new Signal<this, void>(this);
}

/**
 * The metric to show: the one chosen, else the preferred one, else a loss, else the first.
 */
export function mainMetric(
  metrics: readonly string[],
  chosen: string | null,
  preferred: string
): string | null {
  const candidates = [chosen, preferred, ...metrics.filter(name => /loss/i.test(name))];
  return candidates.find(name => name !== null && metrics.includes(name)) ?? metrics[0] ?? null;
}

function isChoices(value: unknown): value is Record<string, Partial<ChartChoice>> {
  return isRecordOf(value, isChoice);
}

const isFlag = (value: unknown): boolean => typeof value === 'boolean';

const TESTS: Record<keyof ChartChoice, (value: unknown) => boolean> = {
  metric: value => value === null || typeof value === 'string',
  all: isFlag,
  x: value => X_AXES.some(axis => axis === value),
  logX: isFlag,
  log: isFlag,
  smoothing: value => typeof value === 'number' && value >= 0 && value < 1,
  group: value => GROUPINGS.some(grouping => grouping === value),
  best: isFlag
};

/** What an earlier version kept lacks what it did not know. */
function isChoice(value: unknown): value is Partial<ChartChoice> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(TESTS).every(([key, isValid]) => !(key in value) || isValid(value[key as never]))
  );
}
