import { JSONExt, PartialJSONValue } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { decodeFloats } from '../api/numbers';
import { IWireCurve } from '../api/types';
import { MOST_SHOWN } from './selection';

const KEPT_RUNS = 200;

/**
 * One metric of one run; the arrays are of equal length.
 */
export interface ICurve {
  runId: string;
  metric: string;
  /** Points recorded; more than held here when decimated. */
  count: number;
  step: Float64Array;
  /** Unix seconds. */
  time: Float64Array;
  value: Float64Array;
}

/**
 * What a view wants to see.
 */
export interface ICurveRequest {
  runs: readonly string[];
  metrics: readonly string[];
}

/**
 * The curves that one view needs, fetched while it needs them.
 */
export class CurvesModel {
  constructor(
    private readonly _client: RunloreClient,
    /** Points a curve at the most. */
    private readonly _points: () => number
  ) {}

  /** Emitted when curves came or a request failed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why the last request failed; null when it did not. */
  get error(): Error | null {
    return this._error;
  }

  /** Whether something requested has never been answered. */
  get isLoading(): boolean {
    return this._error === null && this._unknown().length > 0;
  }

  /** The curve; undefined when it is not there (yet). */
  get(runId: string, metric: string): ICurve | undefined {
    return this._curves.get(runId)?.get(metric) ?? undefined;
  }

  /**
   * Say what is looked at; null when nobody looks. To say the same again changes nothing: what failed is
   * tried again when it is invalidated, not when it is rendered.
   */
  request(request: ICurveRequest | null): void {
    if (!JSONExt.deepEqual(asJson(request), asJson(this._request))) {
      this._request = request;
      void this._fetch();
    }
  }

  /** Points were added to these runs (to all when none are named). */
  invalidate(runIds?: readonly string[]): void {
    for (const runId of runIds ?? this._curves.keys()) {
      this._stale.add(runId);
    }
    void this._fetch();
  }

  /** Forget all, and fetch what is looked at again. */
  reset(): void {
    this._curves.clear();
    this._request?.runs.forEach(id => this._stale.add(id)); // also those that are on their way
    void this._fetch();
  }

  private _unknown(): string[] {
    const { runs = [], metrics = [] } = this._request ?? {};
    return runs.filter(id => metrics.some(name => this._curves.get(id)?.has(name) !== true));
  }

  private _wanted(): string[] {
    const stale = (this._request?.runs ?? []).filter(id => this._stale.has(id));
    return [...new Set([...this._unknown(), ...stale])].slice(0, MOST_SHOWN);
  }

  // One request at a time: a slow server is asked less often, never twice for the same.
  private async _fetch(): Promise<void> {
    if (this._isFetching) {
      return;
    }
    this._isFetching = true;
    try {
      for (let runs = this._wanted(); runs.length > 0; runs = this._wanted()) {
        const metrics = this._request?.metrics ?? [];
        if (metrics.length === 0) {
          return;
        }
        runs.forEach(id => this._stale.delete(id));
        try {
          this._take(
            runs,
            metrics,
            await this._client.curves({ runs, metrics, points: this._points() })
          );
          this._error = null;
        } catch (error) {
          runs.forEach(id => this._stale.add(id));
          this._error = error instanceof Error ? error : new Error(String(error));
          return;
        } finally {
          this._changed.emit();
        }
      }
    } finally {
      this._isFetching = false;
    }
  }

  private _take(runs: readonly string[], metrics: readonly string[], curves: IWireCurve[]): void {
    for (const runId of runs) {
      const held = this._curves.get(runId) ?? new Map<string, ICurve | null>();
      this._curves.delete(runId);
      this._curves.set(runId, held);
      metrics.forEach(name => held.set(name, null));
    }
    for (const curve of curves) {
      this._curves.get(curve.run_id)?.set(curve.metric, {
        runId: curve.run_id,
        metric: curve.metric,
        count: curve.count,
        step: decodeFloats(curve.step),
        time: decodeFloats(curve.time),
        value: decodeFloats(curve.value)
      });
    }
    for (const runId of this._curves.keys()) {
      if (this._curves.size <= KEPT_RUNS) {
        break;
      }
      this._curves.delete(runId);
    }
  }

  /** Null stands for a curve that the server does not have. */
  private _curves = new Map<string, Map<string, ICurve | null>>();
  private _stale = new Set<string>();
  private _request: ICurveRequest | null = null;
  private _isFetching = false;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}

function asJson(request: ICurveRequest | null): PartialJSONValue {
  return request && [[...request.runs], [...request.metrics]];
}
