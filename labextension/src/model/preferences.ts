import { ISignal, Signal } from '@lumino/signaling';

/**
 * What the user set in the settings of the plugin.
 */
export interface IPreferences {
  /** Points a curve at the most. */
  points: number;
  /** The metric to show first where a run has it; empty for none. */
  metric: string;
  /** Whether a new run is shown in the charts without being asked for. */
  showNewest: boolean;
}

/**
 * The settings of the plugin, with their defaults until they are loaded.
 */
export class Preferences implements IPreferences {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  points = 1000;
  metric = '';
  showNewest = true;

  /** Take what was set, already validated against the plugin's schema. */
  take(values: Partial<IPreferences>): void {
    this.points = values.points ?? this.points;
    this.metric = values.metric ?? this.metric;
    this.showNewest = values.showNewest ?? this.showNewest;
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
}
