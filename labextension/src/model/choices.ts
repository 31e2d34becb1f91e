import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

import { isRecordOf, Memory } from './memory';

export type XAxis = 'step' | 'time';

/**
 * How the curves of one experiment are looked at.
 */
export type ChartChoice = {
  /** Null until the user has chosen one. */
  metric: string | null;
  x: XAxis;
  log: boolean;
  /** Weight of the past in the moving average, from 0 (none) to below 1. */
  smoothing: number;
};

const DEFAULT: ChartChoice = { metric: null, x: 'step', log: false, smoothing: 0 };
const REMEMBERED = 200;

/**
 * The chart choices, remembered for every experiment.
 */
export class ChoicesModel {
  constructor(state: IStateDB | null) {
    this._memory = new Memory(state, 'runlore:charts', isChoices);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  async restore(): Promise<void> {
    this._choices = new Map(Object.entries((await this._memory.recall()) ?? {}));
  }

  get(experiment: string): ChartChoice {
    return this._choices.get(experiment) ?? DEFAULT;
  }

  update(experiment: string, change: Partial<ChartChoice>): void {
    const choice = { ...this.get(experiment), ...change };
    this._choices.delete(experiment);
    this._choices.set(experiment, choice);
    this._choices = new Map([...this._choices].slice(-REMEMBERED));
    this._memory.keep(Object.fromEntries(this._choices));
    this._changed.emit();
  }

  private _choices = new Map<string, ChartChoice>();
  private _memory: Memory<Record<string, ChartChoice>>;
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

function isChoices(value: unknown): value is Record<string, ChartChoice> {
  return isRecordOf(value, isChoice);
}

function isChoice(value: unknown): value is ChartChoice {
  const { metric, x, log, smoothing } = (value ?? {}) as Partial<
    Record<keyof ChartChoice, unknown>
  >;
  return (
    (metric === null || typeof metric === 'string') &&
    (x === 'step' || x === 'time') &&
    typeof log === 'boolean' &&
    typeof smoothing === 'number' &&
    smoothing >= 0 &&
    smoothing < 1
  );
}
