import { JSONExt, PartialJSONValue } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { IWireBand, IWireCurve } from '../api/curveTypes';
import { IRunDetail } from '../api/types';
import { decodeCurve, ICurve, joined } from './curve';
import { MOST_SHOWN } from './selection';

const KEPT_RUNS = 200;
/** A curve that points were added to is fetched anew when it has so many times the points of a decimated one. */
const LONGEST = 2;

interface ISince {
  runId: string;
  metric: string;
  next: number;
}

/**
 * What a view wants to see.
 */
export interface ICurveRequest {
  runs: readonly string[];
  metrics: readonly string[];
}

/**
 * A part of curves that is looked at closely.
 */
export interface IWindow {
  runs: readonly string[];
  metric: string;
  /** `relative` is in seconds since each run's start, `time` in Unix seconds. */
  x: 'step' | 'epoch' | 'relative' | 'time';
  from: number;
  to: number;
}

/** Which groups of runs are to be summed up, on what axis, and which part of it. */
export type IBandsRequest = Omit<RunloreClient.IBandsOptions, 'points'>;

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

  /** Everything recorded about a run of the curves; rejects as the client does. */
  detail(runId: string): Promise<IRunDetail> {
    return this._client.run(runId);
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

  /**
   * A part of some curves as the server has it, with as many points as a whole curve is shown with; it is not held.
   *
   * Rejects as the client does.
   */
  async window(window: IWindow): Promise<ICurve[]> {
    const { runs, metric, x, from, to } = window;
    const points = this._points();
    const found = await this._client.curves({ runs, metrics: [metric], points, x, from, to });
    return found.map(decodeCurve);
  }

  /** Groups of runs summed up; not held either. Rejects as the client does. */
  async bands(request: IBandsRequest): Promise<IWireBand[]> {
    const points = Math.max(Math.round(this._points() / 2), 2);
    return this._client.bands({ ...request, points });
  }

  /** Every point of curves as CSV. Rejects as the client does. */
  table(runs: readonly string[], metrics: readonly string[]): Promise<ArrayBuffer> {
    return this._client.curvesTable(runs, metrics);
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
          const [points, since] = [this._points(), this._since(runs, metrics)];
          this._take(runs, metrics, await this._client.curves({ runs, metrics, points, since }));
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

  /** What is held, and need not be sent again; a curve that has grown long is decimated anew. */
  private _since(runs: readonly string[], metrics: readonly string[]): ISince[] {
    return runs.flatMap(runId =>
      metrics.flatMap(metric => {
        const { next, value } = this.get(runId, metric) ?? { next: null, value: [] };
        const isLong = value.length >= LONGEST * this._points();
        return next === null || next === 0 || isLong ? [] : [{ runId, metric, next }];
      })
    );
  }

  private _take(runs: readonly string[], metrics: readonly string[], curves: IWireCurve[]): void {
    const came = new Map(
      curves.map(curve => [JSON.stringify([curve.run_id, curve.metric]), curve])
    );
    for (const runId of runs) {
      const held = this._curves.get(runId) ?? new Map<string, ICurve | null>();
      this._curves.delete(runId);
      this._curves.set(runId, held);
      for (const metric of metrics) {
        const curve = came.get(JSON.stringify([runId, metric]));
        held.set(metric, curve ? joined(held.get(metric) ?? null, curve) : null);
      }
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
