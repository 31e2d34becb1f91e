import { ServerConnection } from '@jupyterlab/services';
import { ISignal } from '@lumino/signaling';

import { ComparisonClient } from './comparison';
import { Connection, given, withQuery } from './connection';
import { ModelsClient } from './models';
import { ProvenanceClient } from './provenance';
import { RerunsClient } from './reruns';
import { SweepsClient } from './sweeps';
import { IWireBand, IWireCurve } from './curveTypes';
import { decodePage, IWireRunPage } from './metrics';
import { IRecordedNotebook } from './notebookTypes';
import { Statistic } from './metricTypes';
import {
  IAnnotation,
  IRunDetail,
  IRunGroups,
  IRunPage,
  ISavedFilter,
  RunSelection,
  SeenTexts
} from './types';

/**
 * The REST interface of the Runlore server extension; rejects as `Connection` says.
 */
export class RunloreClient {
  constructor(settings: ServerConnection.ISettings) {
    this._connection = new Connection(settings);
    this.models = new ModelsClient(this._connection);
    this.provenance = new ProvenanceClient(this._connection);
    this.reruns = new RerunsClient(this._connection);
    this.sweeps = new SweepsClient(this._connection);
    this.comparison = new ComparisonClient(this._connection);
  }

  /** Emitted when a request that is still wanted reached nobody. */
  get lost(): ISignal<unknown, void> {
    return this._connection.lost;
  }

  /** Models of runs, and MLflow's registry of them. */
  readonly models: ModelsClient;

  /** What was around a run. */
  readonly provenance: ProvenanceClient;
  readonly reruns: RerunsClient;
  readonly sweeps: SweepsClient;

  /** What runs have in common and what not. */
  readonly comparison: ComparisonClient;

  /** One page of the runs that a filter finds, newest first unless ordered otherwise; `before` is the `next` of the page before. */
  async runs(options: RunloreClient.IRunsOptions = {}, signal?: AbortSignal): Promise<IRunPage> {
    const { metrics, ...others } = options;
    const query = given(others);
    metrics?.forEach(metric => query.append('metric', metric));
    const path = withQuery('runs', query);
    const page = await this._connection.request<IWireRunPage>('GET', path, undefined, signal);
    return decodePage(page, options.statistic);
  }

  /** The runs that a filter finds, by what they have in a field. */
  async groups(options: RunloreClient.IGroupsOptions): Promise<IRunGroups> {
    return this._connection.request<IRunGroups>('GET', withQuery('groups', given(options)));
  }

  /** Which cells of a notebook are recorded; runs that are named count too, wherever they were recorded. */
  async cells(path: string, runs: readonly string[] = []): Promise<IRecordedNotebook> {
    const query = new URLSearchParams({ path });
    runs.forEach(run => query.append('run', run));
    return this._connection.request<IRecordedNotebook>('GET', withQuery('cells', query));
  }

  /**
   * Change what the user says of runs: of all of them, or where that is refused of none; where texts are given as they
   * were last seen, only if they are still these.
   */
  async annotate(select: RunSelection, change: IAnnotation, seen?: SeenTexts): Promise<number> {
    const body = { select, change, seen };
    return (await this._connection.request<{ changed: number }>('PATCH', 'runs', body)).changed;
  }

  /** Everything recorded about one run. */
  async run(runId: string): Promise<IRunDetail> {
    return this._connection.request<IRunDetail>('GET', `runs/${encodeURIComponent(runId)}`);
  }

  /** The curves that exist of up to 100 runs; of all metrics when none is named. */
  async curves(options: RunloreClient.ICurvesOptions): Promise<IWireCurve[]> {
    const query = new URLSearchParams();
    options.runs.forEach(run => query.append('run', run));
    options.metrics?.forEach(metric => query.append('metric', metric));
    query.append('points', String(options.points));
    options.since?.forEach(({ runId, metric, next }) =>
      query.append('since', `${next}:${runId}:${metric}`)
    );
    for (const name of ['x', 'from', 'to'] as const) {
      if (options[name] !== undefined) {
        query.append(name, String(options[name]));
      }
    }
    const answer = await this._connection.request<{ curves: IWireCurve[] }>(
      'GET',
      withQuery('curves', query)
    );
    return answer.curves;
  }

  /** The curves of groups of runs, summed up from every point of them. */
  async bands(options: RunloreClient.IBandsOptions): Promise<IWireBand[]> {
    const query = new URLSearchParams({ x: options.x, points: String(options.points) });
    options.groups.forEach(runs => query.append('group', runs.join(',')));
    options.metrics.forEach(metric => query.append('metric', metric));
    if (options.window) {
      query.append('from', String(options.window[0]));
      query.append('to', String(options.window[1]));
    }
    const path = withQuery('bands', query);
    return (await this._connection.request<{ bands: IWireBand[] }>('GET', path)).bands;
  }

  /** Every point of curves as CSV, for a download. */
  async curvesTable(runs: readonly string[], metrics: readonly string[]): Promise<ArrayBuffer> {
    const query = new URLSearchParams();
    runs.forEach(run => query.append('run', run));
    metrics.forEach(metric => query.append('metric', metric));
    return this._connection.bytes(withQuery('curves.csv', query));
  }

  /** The filters that the user keeps, by name. */
  async filters(): Promise<ISavedFilter[]> {
    return (await this._connection.request<{ filters: ISavedFilter[] }>('GET', 'filters')).filters;
  }

  /** Keep a filter, in place of one of the same name. */
  async saveFilter(saved: ISavedFilter): Promise<void> {
    const { name, filter, order_by } = saved;
    await this._connection.request('PUT', `filters/${encodeURIComponent(name)}`, {
      filter,
      order_by
    });
  }

  /** Keep a filter no longer. */
  async deleteFilter(name: string): Promise<void> {
    await this._connection.request('DELETE', `filters/${encodeURIComponent(name)}`);
  }

  private readonly _connection: Connection;
}

/**
 * The namespace for the options of `RunloreClient`.
 */
export namespace RunloreClient {
  export interface IRunsOptions {
    limit?: number;
    before?: string;
    /** How many runs to leave out; not together with `before`. */
    offset?: number;
    filter?: string;
    order_by?: string;
    /** Of runs with very many metrics these alone are told; all are named. An empty name alone stands for none. */
    metrics?: readonly string[];
    /** Of such runs this number of every metric; not together with `metrics`. */
    statistic?: Statistic;
  }

  export interface IGroupsOptions {
    /** A field in the server's language. */
    by: string;
    filter?: string;
    /** The metric of which each group's best is wanted. */
    metric?: string;
  }

  export interface IBandsOptions {
    groups: readonly (readonly string[])[];
    metrics: readonly string[];
    x: 'step' | 'epoch' | 'relative' | 'time';
    /** Places a band at the most. */
    points: number;
    /** The part that is wanted, on that axis; all without. */
    window?: readonly [number, number];
  }

  export interface ICurvesOptions {
    runs: readonly string[];
    metrics?: readonly string[];
    /** Points a curve at the most. */
    points: number;
    /** Curves of which only what was logged since is wanted. */
    since?: readonly { runId: string; metric: string; next: number }[];
    /** The axis of a window; `relative` is in seconds since the run's start, `time` in Unix seconds. */
    x?: 'step' | 'epoch' | 'relative' | 'time';
    /** Where the window begins and ends on that axis. */
    from?: number;
    to?: number;
  }
}
