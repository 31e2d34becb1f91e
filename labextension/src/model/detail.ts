import { ISignal, Signal } from '@lumino/signaling';

import { IRunDetail } from '../api/types';
import { IChange } from './live';
import { Runlore } from './runlore';

/** Milliseconds between two loads of a run that is at work; its summary is shown as it comes. */
const PACE = 3000;

/**
 * One run in every detail, kept up to date while it is looked at.
 */
export class DetailModel {
  constructor(
    private readonly _runlore: Runlore,
    readonly runId: string
  ) {
    _runlore.fetched.connect(this._onFetched, this);
  }

  /** Emitted after every load. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The run; undefined until it is loaded. */
  get run(): IRunDetail | undefined {
    const summary = this._detail && this._runlore.runs.get(this._detail.run_id);
    return this._detail && { ...this._detail, ...summary };
  }

  /** Why the last load failed; null when it did not. */
  get error(): Error | null {
    return this._error;
  }

  dispose(): void {
    Signal.clearData(this);
  }

  async load(): Promise<void> {
    this._loaded = Date.now();
    try {
      this._detail = await this._runlore.detail(this.runId);
      this._error = null;
    } catch (error) {
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._changed.emit();
  }

  private _onFetched(_: Runlore, change: IChange): void {
    const runId = this._detail?.run_id ?? this.runId;
    const summary = this._runlore.runs.get(runId);
    const hasTurned =
      summary?.status !== this._detail?.status ||
      summary?.verdict?.verdict !== this._detail?.verdict?.verdict;
    // A rerun that starts or ends is listed with its original.
    const isMeant = change.all || change.runs.has(runId) || change.jobs.size > 0;
    if (isMeant && (hasTurned || Date.now() - this._loaded >= PACE)) {
      void this.load();
    }
  }

  private _detail: IRunDetail | undefined;
  private _loaded = 0;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}
