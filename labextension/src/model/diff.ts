import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { IRunDiff } from '../api/comparison';
import { IOutputs } from '../api/provenance';
import { IRunDetail } from '../api/types';

/**
 * Two runs, told apart.
 */
export interface IPairDiff {
  a: IRunDetail;
  b: IRunDetail;
  diff: IRunDiff;
}

/**
 * What differs between two runs, fetched while somebody looks at it.
 */
export class DiffModel {
  constructor(private readonly _client: RunloreClient) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The two runs; null until they are loaded. */
  get found(): IPairDiff | null {
    return this._found;
  }

  /** Why the last request failed; null when it did not. */
  get error(): Error | null {
    return this._error;
  }

  /** Look at these runs; to say the same again changes nothing. */
  look(a: string, b: string): void {
    const key = JSON.stringify([a, b]);
    if (key !== this._key) {
      this._key = key;
      this._found = this._error = null;
      void this._load(a, b);
    }
  }

  /** Ask for the same two runs again. */
  retry(): void {
    const [a, b] = JSON.parse(this._key) as [string, string];
    this._key = '[]';
    this.look(a, b);
    this._changed.emit();
  }

  /** What a cell of a run showed; rejects as the client does. */
  outputs(runId: string, ordinal: number): Promise<IOutputs> {
    return this._client.provenance.outputs(runId, ordinal);
  }

  private async _load(a: string, b: string): Promise<void> {
    const key = this._key;
    try {
      const [one, other, diff] = await Promise.all([
        this._client.run(a),
        this._client.run(b),
        this._client.comparison.diff(a, b)
      ]);
      if (key !== this._key) {
        return; // others are looked at by now
      }
      this._found = { a: one, b: other, diff };
    } catch (error) {
      if (key !== this._key) {
        return;
      }
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._changed.emit();
  }

  private _key = '[]';
  private _found: IPairDiff | null = null;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}

/** How many things differ in each part. */
export function countDifferences(diff: IRunDiff): Record<DiffPart, number> {
  const differing = (pairs: readonly { status: string }[]): number =>
    pairs.filter(pair => pair.status !== 'same').length;
  return {
    metrics: diff.metrics.filter(metric => metric.step !== null).length + diff.outcome.length,
    code: differing(diff.cells) + diff.modules.length,
    parameters: diff.parameters.length,
    environment: diff.environment.length + diff.hardware.length,
    data: diff.data.length,
    randomness: diff.random.length,
    outputs: differing(diff.outputs) + diff.artifacts.length
  };
}

export const DIFF_PARTS = [
  'metrics',
  'code',
  'parameters',
  'environment',
  'data',
  'randomness',
  'outputs'
] as const;

export type DiffPart = (typeof DIFF_PARTS)[number];
