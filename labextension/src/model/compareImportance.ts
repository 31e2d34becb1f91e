import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { IImportance, IImportanceQuestion } from '../api/comparison';
import { IRun } from '../api/types';

/** Runs that one question may name. */
export const MOST_WEIGHED = 1000;

/**
 * Which parameters matter for a metric, asked while somebody looks at it.
 */
export class CompareImportance {
  constructor(private readonly _client: RunloreClient) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The answer to what was asked last; null until it is there. */
  get found(): IImportance | null {
    return this._found;
  }

  /** Why the last question has no answer; null when it has, or will have. */
  get error(): Error | null {
    return this._error;
  }

  /**
   * Ask about the newest of these runs; the same question is asked once. Of a run that goes on it is the same
   * question until it ends.
   */
  look(runs: readonly IRun[], metric: string, statistic: IImportanceQuestion['statistic']): void {
    const weighed = runs.slice(0, MOST_WEIGHED);
    const ended = weighed.map(run => [run.run_id, run.status !== 'running']);
    const key = JSON.stringify([metric, statistic, ended]);
    if (key !== this._key) {
      this._key = key;
      this._question = { select: { runs: weighed.map(run => run.run_id) }, metric, statistic };
      this.retry();
    }
  }

  /** Ask the same again. */
  retry(): void {
    this._found = this._error = null;
    if (this._question) {
      void this._load(this._question);
    }
    this._changed.emit();
  }

  private async _load(question: IImportanceQuestion): Promise<void> {
    try {
      const found = await this._client.comparison.importance(question);
      if (question !== this._question) {
        return; // something else is asked by now
      }
      this._found = found;
    } catch (error) {
      if (question !== this._question) {
        return;
      }
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._changed.emit();
  }

  private _key = '';
  private _question: IImportanceQuestion | null = null;
  private _found: IImportance | null = null;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}
