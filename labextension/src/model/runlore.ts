import { IStateDB } from '@jupyterlab/statedb';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { metricNames } from '../api/metrics';
import { RerunsClient } from '../api/reruns';
import { IJobRequest } from '../api/rerunTypes';
import { SweepsClient } from '../api/sweeps';
import { IAnnotation, IJob, IRunDetail, RunSelection, SeenTexts } from '../api/types';
import { CardsModel } from './cards';
import { ChoicesModel, mainMetric } from './choices';
import { ColorsModel } from './colors';
import { ColumnsModel } from './columns';
import { CurvesModel } from './curves';
import { DeletionModel } from './deletion';
import { JobsModel } from './jobs';
import { IChange, LiveFeed } from './live';
import { MarksModel } from './marks';
import { Preferences } from './preferences';
import { RunsModel } from './runs';
import { SearchModel } from './search';
import { SelectionModel } from './selection';

/** Originals that are picked for the charts when they are rerun together. */
const MOST_PICKED = 10;

/**
 * Everything that the views show, kept up to date while one of them is visible.
 */
export class Runlore implements IDisposable {
  constructor(options: Runlore.IOptions) {
    this.client = options.client;
    this.preferences = new Preferences();
    this.runs = new RunsModel(this.client);
    this.search = new SearchModel(this.client, this.runs);
    this.deletion = new DeletionModel(this.client, (runs, change) => this.annotate(runs, change));
    this.jobs = new JobsModel(this.client.reruns);
    this.marks = new MarksModel(this.search);
    this.colors = new ColorsModel(options.state, id => this.runs.get(id)?.color ?? null);
    this.columns = new ColumnsModel(options.state);
    this.choices = new ChoicesModel(options.state, () => {
      const { xAxis: x, smoothing } = this.preferences;
      return { x, smoothing };
    });
    this.curves = this.newCurves();
    this.selection = new SelectionModel(
      this.runs,
      options.state,
      () => this.preferences.showNewest
    );
    this._live = new LiveFeed({
      stream: options.stream,
      fetch: change => this._fetch(change),
      isAwaited: () =>
        this.runs.error !== null ||
        this.jobs.active.length > 0 ||
        this.runs.list.some(run => run.status === 'running')
    });
    this.cards = new CardsModel({
      client: this.client,
      fetched: this._fetched,
      news: this._live.news,
      retain: () => this.retain(),
      originalOf: runId =>
        this.runs.get(runId)?.rerun_of ??
        this.jobs.list.find(job => job.run_id === runId)?.rerun_of,
      metricOf: run => mainMetric(metricNames(run), null, this.preferences.metric)
    });
    this._restored = Promise.all([
      this.colors.restore(),
      this.choices.restore(),
      this.columns.restore(),
      this.selection.restore()
    ]);
    this.jobs.changed.connect(this._watchJobs, this);
    this.client.lost.connect(this._onLost, this);
    this.preferences.changed.connect(this._onPreferences, this);
  }

  /** For models of views of their own. */
  readonly client: RunloreClient;
  readonly preferences: Preferences;
  readonly runs: RunsModel;
  readonly search: SearchModel;
  readonly deletion: DeletionModel;
  readonly jobs: JobsModel;
  /** The runs that are marked in the list, to do something with all of them. */
  readonly marks: MarksModel;
  readonly colors: ColorsModel;
  readonly columns: ColumnsModel;
  readonly choices: ChoicesModel;
  readonly selection: SelectionModel;
  /** The runs whose cards are in view in notebooks. */
  readonly cards: CardsModel;
  /** The curves of the runs that are shown. */
  readonly curves: CurvesModel;

  /** Emitted after a fetch, with what it was for. */
  get fetched(): ISignal<this, IChange> {
    return this._fetched;
  }

  /** Emitted with Python code that the user wants in a cell. */
  get codeOffered(): ISignal<this, string> {
    return this._codeOffered;
  }

  /** Offer code for a cell to whoever can put it there. */
  offerCode(code: string): void {
    this._codeOffered.emit(code);
  }

  /** Emitted with what the server says has changed, whoever looks. */
  get news(): ISignal<unknown, Omit<IChange, 'all'>> {
    return this._live.news;
  }

  get isDisposed(): boolean {
    return this._live.isDisposed;
  }

  dispose(): void {
    this._live.dispose();
    this.search.dispose();
    this.marks.dispose();
    this.selection.dispose();
    Signal.clearData(this);
  }

  /** Curves for a view of its own. */
  newCurves(): CurvesModel {
    return new CurvesModel(this.client, () => this.preferences.points);
  }

  /** Everything recorded about one run; rejects as the client does. */
  detail(runId: string): Promise<IRunDetail> {
    return this.client.run(runId);
  }

  /** Queue reruns, all or none, and keep the originals in the charts beside them; rejects as the client does. */
  async rerun(requests: readonly IJobRequest[]): Promise<IJob[]> {
    const jobs = await this.jobs.submit(requests);
    requests.slice(0, MOST_PICKED).forEach(request => this.selection.pick(request.run_id));
    return jobs;
  }

  /** What reruns and their queue are asked by. */
  get reruns(): RerunsClient {
    return this.client.reruns;
  }

  /** What sweeps are asked by. */
  get sweeps(): SweepsClient {
    return this.client.sweeps;
  }

  /** Change what the user says of runs; how many are meant. Takes what the client takes, and rejects as it does. */
  async annotate(runs: RunSelection, change: IAnnotation, seen?: SeenTexts): Promise<number> {
    const changed = await this.client.annotate(runs, change, seen);
    const { color, pinned, starred } = change;
    const shown = { ...(change.name && { name: change.name }), color, pinned, starred };
    if ('runs' in runs) {
      const given = Object.entries(shown).filter(([, value]) => value !== undefined);
      this.runs.amend(runs.runs, Object.fromEntries(given));
    }
    this._live.refresh();
    return changed;
  }

  /** Keep everything up to date until what is returned is disposed of. */
  retain(): IDisposable {
    return this._live.retain();
  }

  /** Fetch everything again, soon. */
  refresh(): void {
    this._live.refresh();
  }

  private async _fetch(change: IChange): Promise<void> {
    await this._restored;
    const jobs =
      change.all || change.jobs.size > 0
        ? // Whether the server answers at all is told by the runs, asked at the same time.
          this.jobs.refresh(change.all ? undefined : [...change.jobs]).catch(() => undefined)
        : undefined;
    if (change.all) {
      await this.runs.refresh();
      await this.selection.resolve();
      this.curves.invalidate();
    } else {
      this.curves.invalidate([...change.runs]);
      await this.runs.refetch([...change.runs]);
    }
    await jobs;
    this._fetched.emit(change);
  }

  // The end of a rerun is told even when no view is open any more.
  private _watchJobs(): void {
    if (this.jobs.active.length > 0) {
      this._jobWatch ??= this._live.retain();
    } else {
      this._jobWatch?.dispose();
      this._jobWatch = null;
    }
  }

  // Whichever view finds that the server is away, the list says so, and all go on once it is back.
  private _onLost(): void {
    if (this.runs.error === null) {
      this._live.refresh();
    }
  }

  private _onPreferences(): void {
    this.curves.reset();
  }

  private readonly _live: LiveFeed;
  private readonly _restored: Promise<unknown>;
  private _jobWatch: IDisposable | null = null;
  private _fetched = new Signal<this, IChange>(this);
  private _codeOffered = new Signal<this, string>(this);
}

/**
 * The namespace for the options of `Runlore`.
 */
export namespace Runlore {
  export interface IOptions {
    client: RunloreClient;
    /** The events of the server. */
    stream: ISignal<unknown, LiveFeed.IEvent>;
    /** Where view state is kept across reloads; null to forget it with the page. */
    state: IStateDB | null;
  }
}
