import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { RefusedError } from '../api/errors';
import { Statistic } from '../api/metricTypes';
import { IRun, IRunPage, RunSelection } from '../api/types';
import { CompareSource } from './compareSource';
import { IChange } from './live';
import { inParts, named } from './query';
import { Runlore } from './runlore';
import { MOST_SHOWN } from './selection';

/** Runs compared at once: more rows than anybody reads, and what a browser draws at once. */
export const MOST_COMPARED = 2000;
/** Runs of one page. */
const PAGE = 500;
/** Milliseconds between two loads at the least while runs change. */
const PACE = 2000;

/**
 * The runs that are compared, kept up to date as long as they are looked at.
 */
export class ComparedRuns implements IDisposable {
  constructor(
    private readonly _runlore: Runlore,
    private _source: CompareSource,
    /** Which number stands for a metric: of runs with very many metrics that alone is fetched. */
    private readonly _statistic: () => Statistic
  ) {
    _runlore.fetched.connect(this._onFetched, this);
    _runlore.selection.changed.connect(this._onShown, this);
  }

  /** Emitted when other runs are there, or what is known of them changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get source(): CompareSource {
    return this._source;
  }

  /** The runs, the newest first; empty until the first answer. */
  get list(): readonly IRun[] {
    return this._list;
  }

  /** How many runs there are to be compared; more than in the list where they are too many. */
  get total(): number {
    return this._total;
  }

  /** Narrows the runs, in the server's language. */
  get filter(): string {
    return this._filter;
  }

  /** Whether the server has not answered yet. */
  get isLoading(): boolean {
    return !this._isLoaded && this._error === null;
  }

  /** Why the last load failed; null when it did not. */
  get error(): Error | null {
    return this._error;
  }

  /** Why the filter was refused; null where it was not. */
  get filterError(): RefusedError | null {
    return this._error instanceof RefusedError && this._filter !== '' ? this._error : null;
  }

  /** The runs that are named, as far as they are known before the server answers; as many as curves are drawn of. */
  get known(): readonly IRun[] {
    const source = this._source;
    const ids = source !== 'shown' && 'runs' in source ? source.runs : [];
    return ids
      .slice(0, MOST_SHOWN)
      .flatMap(id => this._runlore.runs.get(id) ?? [])
      .sort((a, b) => b.started - a.started);
  }

  get(runId: string): IRun | undefined {
    return this._byId.get(runId);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** Compare other runs. */
  async take(source: CompareSource): Promise<void> {
    this._source = source;
    await this.load();
  }

  /** Compare these runs too. Rejects where it cannot be asked which they are. */
  async add(selection: RunSelection): Promise<void> {
    const ids =
      'runs' in selection
        ? selection.runs
        : (await this._found(selection.filter, new Set(selection.except))).runs.map(idOf);
    if (this._source === 'shown') {
      ids.forEach(id => this._runlore.selection.pick(id));
      return;
    }
    const there = 'runs' in this._source ? this._source.runs : this._list.map(idOf);
    await this.take({ runs: [...new Set([...there, ...ids])] });
  }

  /** Narrow the runs to those that a filter finds too; an empty one takes that back. */
  async narrow(filter: string): Promise<void> {
    this._filter = filter.trim();
    await this.load();
  }

  /** Ask the server again. */
  async load(): Promise<void> {
    this._loads++;
    await this._take(() => this._fetch());
    this._loads--;
  }

  /** Ask the server again where it was asked for another number of very many metrics. */
  async follow(statistic: Statistic): Promise<void> {
    if (this._list.some(run => run.many?.numbers && run.many.numbers.statistic !== statistic)) {
      await this.load();
    }
  }

  /** Take what the work gives, unless something else is asked for meanwhile. */
  private async _take(work: () => Promise<{ runs: IRun[]; total: number }>): Promise<void> {
    const turn = ++this._turn;
    this._loaded = Date.now();
    try {
      const { runs, total } = await work();
      if (turn !== this._turn || this._isDisposed) {
        return;
      }
      this._list = runs.sort((a, b) => b.started - a.started);
      this._byId = new Map(runs.map(run => [run.run_id, run]));
      this._total = total;
      this._isLoaded = true;
      this._error = null;
    } catch (error) {
      if (turn !== this._turn || this._isDisposed) {
        return;
      }
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._changed.emit();
  }

  private async _fetch(): Promise<{ runs: IRun[]; total: number }> {
    const source = this._source;
    if (source !== 'shown' && 'filter' in source) {
      return this._found(this._narrowed(source.filter), new Set(source.except));
    }
    const ids = source === 'shown' ? this._runlore.selection.shown : source.runs;
    const runs = await this._named(ids.slice(0, MOST_COMPARED));
    return { runs, total: runs.length + Math.max(ids.length - MOST_COMPARED, 0) };
  }

  private async _named(runIds: readonly string[]): Promise<IRun[]> {
    const pages = await Promise.all(
      inParts(runIds).map(part =>
        this._page({ filter: this._narrowed(named(part)), limit: part.length })
      )
    );
    return pages.flatMap(page => page.runs);
  }

  private async _found(
    filter: string,
    except: ReadonlySet<string>
  ): Promise<{ runs: IRun[]; total: number }> {
    const runs: IRun[] = [];
    let total = 0;
    let before: string | undefined;
    do {
      const page = await this._page({ filter, limit: PAGE, before });
      runs.push(...page.runs.filter(run => !except.has(run.run_id)));
      total = Math.max(page.total - except.size, runs.length);
      before = page.next ?? undefined;
    } while (before !== undefined && runs.length < MOST_COMPARED);
    return { runs: runs.slice(0, MOST_COMPARED), total };
  }

  private _page(options: RunloreClient.IRunsOptions): Promise<IRunPage> {
    return this._runlore.client.runs({ ...options, statistic: this._statistic() });
  }

  private _narrowed(filter: string): string {
    const parts = [filter.trim(), this._filter].filter(part => part !== '');
    return parts.length > 1 ? parts.map(part => `(${part})`).join(' and ') : (parts[0] ?? '');
  }

  private _onShown(): void {
    if (this._source === 'shown') {
      void this.load();
    }
  }

  private _onFetched(_: Runlore, change: IChange): void {
    this._isStale ||= change.all || this._mayAdd(change.runs);
    [...change.runs].filter(id => this._byId.has(id)).forEach(id => this._due.add(id));
    if ((this._isStale || this._due.size > 0) && this._timer === undefined) {
      const wait = Math.max(this._loaded + PACE - Date.now(), 0);
      this._timer = setTimeout(() => {
        this._timer = undefined;
        void this._catchUp();
      }, wait);
    }
  }

  /** Whether there may be more to compare: a run that is named was perhaps too new for the server to know. */
  private _mayAdd(changed: ReadonlySet<string>): boolean {
    const source = this._source;
    if (source !== 'shown' && 'filter' in source) {
      return changed.size > 0;
    }
    const ids = source === 'shown' ? this._runlore.selection.shown : source.runs;
    return ids.some(id => changed.has(id) && !this._byId.has(id));
  }

  /** Ask for the runs that changed, or again for all where others may be among them. */
  private async _catchUp(): Promise<void> {
    const due = [...this._due];
    const isStale = this._isStale || this._loads > 0;
    this._due.clear();
    this._isStale = false;
    if (isStale) {
      return this.load();
    }
    await this._take(async () => {
      const came = new Map((await this._named(due)).map(run => [run.run_id, run]));
      const asked = new Set(due);
      const runs = this._list.flatMap(run =>
        asked.has(run.run_id) ? (came.get(run.run_id) ?? []) : run
      );
      return { runs, total: this._total - this._list.length + runs.length };
    });
  }

  private _list: readonly IRun[] = [];
  private _byId = new Map<string, IRun>();
  private _total = 0;
  private _filter = '';
  private _isLoaded = false;
  private _isDisposed = false;
  private _error: Error | null = null;
  private _turn = 0;
  /** Loads of all runs that are not answered yet. */
  private _loads = 0;
  /** Runs that changed since they were asked for, and whether others may be among them. */
  private readonly _due = new Set<string>();
  private _isStale = false;
  private _loaded = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}

function idOf(run: IRun): string {
  return run.run_id;
}
