import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RunSelection } from '../api/types';
import { SearchModel } from './search';

/**
 * The runs that the user marked in the list, to do something with all of them: named ones, or all that are found but
 * some.
 */
export class MarksModel implements IDisposable {
  constructor(private readonly _search: SearchModel) {
    _search.changed.connect(this._onSearch, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Emitted when other runs are marked. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How many runs are marked. */
  get count(): number {
    return this._allOf === null
      ? this._named.size
      : Math.max(this._search.total - this._named.size, 0);
  }

  /** The marked runs, as the server is told of them. */
  get selection(): RunSelection {
    const named = [...this._named];
    return this._allOf === null ? { runs: named } : { filter: this._allOf, except: named };
  }

  has(runId: string): boolean {
    return this._named.has(runId) === (this._allOf === null);
  }

  /** What a command on this run is for: all marked runs where it is one of them, else the run. */
  around(runId: string): RunSelection {
    return this.has(runId) ? this.selection : { runs: [runId] };
  }

  /** Mark the run, or take its mark away. */
  toggle(runId: string): void {
    const named = new Set(this._named);
    if (!named.delete(runId)) {
      named.add(runId);
    }
    this._set(named, this._allOf);
  }

  /** Mark these runs and no others. */
  only(runIds: readonly string[]): void {
    this._set(new Set(runIds), null);
  }

  /** Mark all runs that are found, loaded or not. */
  all(): void {
    this._set(new Set(), this._search.query.filter.trim());
  }

  clear(): void {
    if (this.count > 0) {
      this.only([]);
    }
  }

  // All that one filter finds is not what another one does.
  private _onSearch(): void {
    if (this._allOf !== null && this._allOf !== this._search.query.filter.trim()) {
      this.only([]);
    }
  }

  private _set(named: ReadonlySet<string>, allOf: string | null): void {
    this._named = named;
    this._allOf = allOf;
    this._changed.emit();
  }

  /** The marked runs; where all of a filter are, those that are not. */
  private _named: ReadonlySet<string> = new Set();
  private _allOf: string | null = null;
  private _isDisposed = false;
  private _changed = new Signal<this, void>(this);
}
