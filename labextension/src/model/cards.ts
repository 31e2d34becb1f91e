import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { decodeFloats } from '../api/numbers';
import { IRun, IVerdict } from '../api/types';
import { IChange } from './live';

/** Milliseconds in which cards that come into view are asked for together. */
const TOGETHER = 50;
/** Milliseconds between two requests for the same runs at the least. */
const PACE = 1000;
/** Cards that are kept up to date at the same time. */
const MOST = 100;
const SPARK_POINTS = 40;
const RUN_ID = /^[\w-]{1,100}$/;

/**
 * What the server knows of a run with a card.
 */
export interface ICardState {
  run: IRun;
  /** That of the run, or of its newest rerun. */
  verdict: IVerdict | null;
  /** Whether the verdict is of a rerun. */
  ofRerun: boolean;
  /** The metric that the line shows, and its values; null where the card's own are good. */
  spark: { metric: string; values: readonly (number | null)[] } | null;
}

/**
 * The runs of the cards that are in view, which many notebooks may hold.
 */
export class CardsModel {
  constructor(private readonly _options: CardsModel.IOptions) {
    _options.fetched.connect(this._onFetched, this);
    _options.news.connect(this._onNews, this);
  }

  /** Emitted when more is known of a run. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known of the run; undefined where the server does not know it, or has not answered yet. */
  get(runId: string): ICardState | undefined {
    return this._states.get(runId);
  }

  /**
   * Keep what is known of a run up to date until what is returned is disposed of.
   *
   * @param isOpen - Whether the card was written while the run was open, so that its line is not the whole.
   */
  watch(runId: string, isOpen: boolean): IDisposable {
    const watch = { runId, isOpen };
    this._watches.add(watch);
    this._ask(runId, TOGETHER);
    return new DisposableDelegate(() => {
      this._watches.delete(watch);
      this._hold();
    });
  }

  /** A rerun tells something of its original: the verdict, which comes after its end. */
  private _onNews(_: unknown, { runs }: Pick<IChange, 'runs'>): void {
    const originals = [...runs].map(runId => this._options.originalOf(runId));
    this._watched()
      .filter(runId => runs.has(runId) || originals.includes(runId))
      .forEach(runId => this._ask(runId, PACE));
  }

  /** After a silence anything may have changed. */
  private _onFetched(_: unknown, change: IChange): void {
    if (change.all) {
      this._watched().forEach(runId => this._ask(runId, PACE));
    } else {
      this._onNews(_, change); // reruns that were not known when the news came are now
    }
  }

  private _watched(): string[] {
    return [...new Set([...this._watches].map(watch => watch.runId))];
  }

  private _ask(runId: string, wait: number): void {
    if (RUN_ID.test(runId)) {
      this._wanted.add(runId);
      this._timer ??= setTimeout(() => void this._load(), wait);
    }
  }

  private async _load(): Promise<void> {
    const mine = new Set(this._watched());
    const wanted = [...this._wanted].filter(runId => mine.has(runId)).slice(0, MOST);
    this._wanted = new Set([...this._wanted].filter(id => mine.has(id) && !wanted.includes(id)));
    try {
      if (wanted.length > 0) {
        await this._fetch(wanted);
        this._changed.emit();
      }
    } catch {
      // The cards show what they recorded.
    }
    this._timer = undefined;
    if (this._wanted.size > 0) {
      this._timer = setTimeout(() => void this._load(), TOGETHER);
    }
    this._hold();
  }

  private async _fetch(runIds: readonly string[]): Promise<void> {
    const { client } = this._options;
    const list = runIds.map(runId => `'${runId}'`).join(', ');
    const [own, again] = await Promise.all([
      // Of very many metrics a card shows no more than their last values, and of reruns none.
      client.runs({ filter: `id in (${list})`, limit: MOST, statistic: 'last' }),
      client.runs({
        filter: `rerun_of in (${list}) and verdict is not null`,
        limit: 1000,
        metrics: ['']
      })
    ]);
    const verdicts = new Map<string, IVerdict>();
    for (const rerun of again.runs) {
      if (rerun.rerun_of !== null && rerun.verdict && !verdicts.has(rerun.rerun_of)) {
        verdicts.set(rerun.rerun_of, rerun.verdict);
      }
    }
    const sparks = await this._sparks(own.runs);
    for (const run of own.runs) {
      this._states.set(run.run_id, {
        run,
        verdict: run.verdict ?? verdicts.get(run.run_id) ?? null,
        ofRerun: run.verdict === null,
        spark: sparks.get(run.run_id) ?? null
      });
    }
  }

  /** The lines of runs whose cards do not have them. */
  private async _sparks(runs: readonly IRun[]): Promise<Map<string, ICardState['spark']>> {
    const open = new Set([...this._watches].filter(one => one.isOpen).map(one => one.runId));
    const lacking = runs.flatMap(run => {
      const metric = open.has(run.run_id) ? this._options.metricOf(run) : null;
      return metric === null ? [] : [{ runId: run.run_id, metric }];
    });
    if (lacking.length === 0) {
      return new Map();
    }
    const curves = await this._options.client.curves({
      runs: lacking.map(one => one.runId),
      metrics: [...new Set(lacking.map(one => one.metric))],
      points: SPARK_POINTS
    });
    return new Map(
      lacking.flatMap(({ runId, metric }) => {
        const curve = curves.find(one => one.run_id === runId && one.metric === metric);
        const values = curve ? [...decodeFloats(curve.value)] : [];
        const shown = values.map(value => (Number.isFinite(value) ? value : null));
        return [[runId, { metric, values: shown }]];
      })
    );
  }

  /** While a run in view is open, everything is kept up to date; else nothing is asked for on its account. */
  private _hold(): void {
    const isRunning = this._watched().some(id => this._states.get(id)?.run.status === 'running');
    if (isRunning) {
      this._interest ??= this._options.retain();
    } else {
      this._interest?.dispose();
      this._interest = null;
    }
  }

  private readonly _watches = new Set<{ runId: string; isOpen: boolean }>();
  private readonly _states = new Map<string, ICardState>();
  private _wanted = new Set<string>();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _interest: IDisposable | null = null;
  private _changed = new Signal<this, void>(this);
}

/**
 * The namespace for the options of `CardsModel`.
 */
export namespace CardsModel {
  export interface IOptions {
    client: RunloreClient;
    /** Emitted when something was fetched again. */
    fetched: ISignal<unknown, IChange>;
    /** Emitted with what the server says has changed. */
    news: ISignal<unknown, Pick<IChange, 'runs'>>;
    /** Have everything kept up to date. */
    retain(): IDisposable;
    /** The run that this one repeats, as far as it is known. */
    originalOf(runId: string): string | undefined;
    /** The metric by which a run is shown. */
    metricOf(run: IRun): string | null;
  }
}
