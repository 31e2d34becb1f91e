import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { IPlot, ISweepDetail } from '../api/sweepTypes';
import { Runlore } from './runlore';

/** Milliseconds between two looks at a sweep that goes on. */
const PACE = 2500;

/**
 * One sweep with its trials and plots, kept up to date while it is started.
 */
export class SweepModel implements IDisposable {
  constructor(
    private readonly _runlore: Runlore,
    readonly sweepId: string
  ) {}

  /** Emitted after every load. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Undefined until it is loaded. */
  sweep: ISweepDetail | undefined;
  /** By their names; undefined until they were drawn. */
  plots: Readonly<Record<string, IPlot>> | undefined;
  /** Why the last load failed; null when it did not. */
  error: Error | null = null;
  /** Why there are no plots; null when that is not so. */
  plotsError: Error | null = null;

  /** Whether the server draws the plots, or draws them anew. */
  get isDrawing(): boolean {
    return this._isDrawing;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this.stop();
    Signal.clearData(this);
  }

  /** Look, and go on looking while anything moves. */
  start(): void {
    this._timer ??= setInterval(
      () => !document.hidden && this._isMoving() && void this.load(),
      PACE
    );
    void this.load();
  }

  stop(): void {
    clearInterval(this._timer);
    this._timer = undefined;
  }

  /** Load it again. */
  async load(): Promise<void> {
    try {
      this.sweep = await this._runlore.sweeps.sweep(this.sweepId);
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
    this._changed.emit();
    await this._draw();
  }

  /** Stop it, let it go on, or give it more trials; rejects as the client does. */
  async change(change: { wish?: 'run' | 'stop'; trials?: number }): Promise<void> {
    this.sweep = await this._runlore.sweeps.change(this.sweepId, change);
    this._changed.emit();
  }

  // The plots take the server a second or two: only when another trial has come to a value, one request at a time.
  private async _draw(): Promise<void> {
    const ended = this.sweep?.counts.complete ?? 0;
    if (this._isDrawing || ended === this._drawn || ended === 0) {
      return;
    }
    this._isDrawing = true;
    this._changed.emit();
    try {
      this.plots = await this._runlore.sweeps.plots(this.sweepId);
      this.plotsError = null;
      this._drawn = ended;
    } catch (error) {
      this.plotsError = asError(error);
    }
    this._isDrawing = false;
    this._changed.emit();
    if (this.plotsError === null && this.sweep?.counts.complete !== ended) {
      await this._draw(); // more came while these were drawn
    }
  }

  private _isMoving(): boolean {
    const { sweep } = this;
    const isOver = sweep && ['stopped', 'finished', 'failed'].includes(sweep.state);
    return this.error !== null || !isOver || (sweep.wish === 'run' && sweep.state === 'stopped');
  }

  private _drawn = 0;
  private _isDrawing = false;
  private _isDisposed = false;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _changed = new Signal<this, void>(this);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
