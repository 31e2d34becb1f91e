import { ISignal, Signal } from '@lumino/signaling';

/** From where to where on an axis, ends included. */
export type Span = readonly [low: number, high: number];

/**
 * Which of the compared runs are selected: in the table by hand, or by brushes on axes, whichever was last.
 */
export class CompareSelection {
  /** Emitted when other runs are selected, or the brushes moved. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the pointer is on another run. */
  get hoverChanged(): ISignal<this, void> {
    return this._hoverChanged;
  }

  get ids(): ReadonlySet<string> {
    return this._ids;
  }

  /** The run under the pointer, in whichever view; null for none. */
  get hovered(): string | null {
    return this._hovered;
  }

  /** Brushes by the ids of their axes. */
  get brushes(): ReadonlyMap<string, Span> {
    return this._brushes;
  }

  has(runId: string): boolean {
    return this._ids.has(runId);
  }

  /** Whether a run stands out: it is selected, or nothing is. */
  stands(runId: string): boolean {
    return this._ids.size === 0 ? this._brushes.size === 0 : this._ids.has(runId);
  }

  /** Select these runs and no others. */
  only(runIds: Iterable<string>): void {
    this._set(new Set(runIds), NO_BRUSHES);
  }

  toggle(runId: string): void {
    const ids = new Set(this._ids);
    if (!ids.delete(runId)) {
      ids.add(runId);
    }
    this._set(ids, NO_BRUSHES);
  }

  clear(): void {
    if (this._ids.size > 0 || this._brushes.size > 0) {
      this._set(new Set(), NO_BRUSHES);
    }
  }

  /**
   * Move the brushes of these axes, and select the runs that lie within all there are.
   *
   * @param moved - Null takes a brush away.
   * @param within - The runs that lie within brushes.
   */
  brush(
    moved: Readonly<Record<string, Span | null>>,
    within: (brushes: ReadonlyMap<string, Span>) => Iterable<string>
  ): void {
    const brushes = new Map(this._brushes);
    for (const [axis, span] of Object.entries(moved)) {
      if (span === null) {
        brushes.delete(axis);
      } else {
        brushes.set(axis, span);
      }
    }
    this._set(new Set(brushes.size > 0 ? within(brushes) : []), brushes);
  }

  /** Let go of runs that are not compared any more. */
  retain(isThere: (runId: string) => boolean): void {
    const kept = [...this._ids].filter(isThere);
    if (kept.length < this._ids.size) {
      this._set(new Set(kept), this._brushes);
    }
  }

  hover(runId: string | null): void {
    if (runId !== this._hovered) {
      this._hovered = runId;
      this._hoverChanged.emit();
    }
  }

  private _set(ids: ReadonlySet<string>, brushes: ReadonlyMap<string, Span>): void {
    this._ids = ids;
    this._brushes = brushes;
    this._changed.emit();
  }

  private _ids: ReadonlySet<string> = new Set();
  private _brushes: ReadonlyMap<string, Span> = NO_BRUSHES;
  private _hovered: string | null = null;
  private _changed = new Signal<this, void>(this);
  private _hoverChanged = new Signal<this, void>(this);
}

const NO_BRUSHES: ReadonlyMap<string, Span> = new Map();
