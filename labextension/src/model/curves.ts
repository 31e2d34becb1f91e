import { JSONExt, PartialJSONValue } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { IWireBand, IWireCurve } from '../api/curveTypes';
import { IRunDetail } from '../api/types';
import { decodeCurve, ICurve, joined } from './curve';
import { MOST_SHOWN } from './selection';

const KEPT_RUNS = 200;
/** Curves asked for at once: what is held of each is named, and servers refuse addresses of more than 64 KiB. */
const MOST_ASKED = 600;
/** A curve that points were added to is fetched anew when it has so many times the points of a decimated one. */
const LONGEST = 2;

/** Null stands for a curve that the server does not have. */
interface IHeld {
  curve: ICurve | null;
  /** The number of the last change when it was asked for. */
  asOf: number;
}

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
    const { runs = [], metrics = [] } = this._request ?? {};
    const isUnknown = (id: string): boolean =>
      metrics.some(name => this._curves.get(id)?.has(name) !== true);
    return this._error === null && runs.some(isUnknown);
  }

  /** The curve; undefined when it is not there (yet). */
  get(runId: string, metric: string): ICurve | undefined {
    return this._curves.get(runId)?.get(metric)?.curve ?? undefined;
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
    this._lastChange += 1;
    for (const runId of runIds ?? this._curves.keys()) {
      this._changes.set(runId, this._lastChange);
    }
    void this._fetch();
  }

  /** Forget all, and fetch what is looked at again. */
  reset(): void {
    this._curves = new Map(); // what is on its way comes into the old one
    void this._fetch();
  }

  private _isDue(runId: string, metric: string): boolean {
    const held = this._curves.get(runId)?.get(metric);
    return held === undefined || held.asOf < (this._changes.get(runId) ?? 0);
  }

  /** What of the request is to be asked for next; null where nothing is. */
  private _next(): ICurveRequest | null {
    const { runs = [], metrics = [] } = this._request ?? {};
    const due = metrics.filter(metric => runs.some(id => this._isDue(id, metric)));
    const wanted = runs
      .filter(id => due.some(metric => this._isDue(id, metric)))
      .slice(0, MOST_SHOWN);
    if (wanted.length === 0) {
      return null;
    }
    return { runs: wanted, metrics: due.slice(0, Math.floor(MOST_ASKED / wanted.length)) };
  }

  // One request at a time: a slow server is asked less often, never twice for the same.
  private async _fetch(): Promise<void> {
    if (this._isFetching) {
      return;
    }
    this._isFetching = true;
    try {
      for (let next = this._next(); next; next = this._next()) {
        const [{ runs, metrics }, into, asOf] = [next, this._curves, this._lastChange];
        try {
          const [points, since] = [this._points(), this._since(runs, metrics)];
          const curves = await this._client.curves({ runs, metrics, points, since });
          this._take(next, curves, into, asOf);
          this._error = null;
        } catch (error) {
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

  private _take(
    { runs, metrics }: ICurveRequest,
    curves: IWireCurve[],
    into: Map<string, Map<string, IHeld>>,
    asOf: number
  ): void {
    const came = new Map(
      curves.map(curve => [JSON.stringify([curve.run_id, curve.metric]), curve])
    );
    for (const runId of runs) {
      const held = into.get(runId) ?? new Map<string, IHeld>();
      into.delete(runId);
      into.set(runId, held);
      for (const metric of metrics) {
        const curve = came.get(JSON.stringify([runId, metric]));
        const before = held.get(metric)?.curve ?? null;
        held.set(metric, { curve: curve ? joined(before, curve) : null, asOf });
      }
    }
    for (const runId of into.keys()) {
      if (into.size <= KEPT_RUNS) {
        break;
      }
      into.delete(runId);
    }
  }

  private _curves = new Map<string, Map<string, IHeld>>();
  /** The number of the last change of each run. */
  private readonly _changes = new Map<string, number>();
  private _lastChange = 0;
  private _request: ICurveRequest | null = null;
  private _isFetching = false;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}

function asJson(request: ICurveRequest | null): PartialJSONValue {
  return request && [[...request.runs], [...request.metrics]];
}
