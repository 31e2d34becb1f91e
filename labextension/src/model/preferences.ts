import { ISignal, Signal } from '@lumino/signaling';

import { DEFAULT_CHOICE, XAxis } from './choices';

/**
 * What the user set in the settings of the plugin.
 */
export interface IPreferences {
  /** On which side of Lab the panel is. */
  side: 'left' | 'right';
  /** Points a curve at the most. */
  points: number;
  /** The metric to show first where a run has it; empty for none. */
  metric: string;
  /** The horizontal axis of charts until the user chooses one for an experiment. */
  xAxis: XAxis;
  /** The smoothing of charts until the user chooses one, from 0 to below 1. */
  smoothing: number;
  /** The colours of runs as `#rrggbb`; where one is missing the theme's is used. */
  colors: readonly string[];
  /** Whether a new run is shown in the charts without being asked for. */
  showNewest: boolean;
  /** Whether tracked cells show the cards of their runs. */
  cards: boolean;
  /** Whether cells are marked whose runs are recorded. */
  cellMarks: boolean;
  /** Whether it is told when a rerun has ended. */
  notifications: boolean;
}

const DEFAULTS: IPreferences = {
  side: 'left',
  points: 1000,
  metric: '',
  xAxis: DEFAULT_CHOICE.x,
  smoothing: DEFAULT_CHOICE.smoothing,
  colors: [],
  showNewest: true,
  cards: true,
  cellMarks: true,
  notifications: true
};

/**
 * The settings of the plugin, with their defaults until they are loaded.
 */
export class Preferences implements IPreferences {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get side(): IPreferences['side'] {
    return this._values.side;
  }

  get points(): number {
    return this._values.points;
  }

  get metric(): string {
    return this._values.metric;
  }

  get xAxis(): XAxis {
    return this._values.xAxis;
  }

  get smoothing(): number {
    return this._values.smoothing;
  }

  get colors(): readonly string[] {
    return this._values.colors;
  }

  get showNewest(): boolean {
    return this._values.showNewest;
  }

  get cards(): boolean {
    return this._values.cards;
  }

  get cellMarks(): boolean {
    return this._values.cellMarks;
  }

  get notifications(): boolean {
    return this._values.notifications;
  }

  /** Take what was set, already validated against the plugin's schema. */
  take(values: Partial<IPreferences>): void {
    this._values = { ...this._values, ...values };
    this._changed.emit();
  }

  private _values = DEFAULTS;
  private _changed = new Signal<this, void>(this);
}
