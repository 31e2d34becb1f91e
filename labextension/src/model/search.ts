import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { RefusedError } from '../api/errors';
import { IRunGroup, IRunPage } from '../api/types';
import { RowLoader } from './loader';
import { ISpan, MOST_ASKED, PagedRuns } from './pages';
import { asked, EVERYTHING, IQuery } from './query';
import { RunsModel } from './runs';
import { SavedFilters } from './saved';
import { groupKey, ISection, Sections } from './sections';

/** Milliseconds without a key before the server is asked. */
const TYPING = 200;
/** Milliseconds between two searches at the least while runs change. */
const PACE = 1000;

/**
 * The runs that the user looks for, as rows of which the server is asked for those in view.
 *
 * While nothing is looked for and nothing is pinned, the rows begin with the newest runs, as they are known anyway.
 */
export class SearchModel implements IDisposable {
  constructor(
    private readonly _client: RunloreClient,
    private readonly _runs: RunsModel
  ) {
    this.saved = new SavedFilters(_client, () => this._query);
    _runs.changed.connect(this._onRuns, this);
  }

  /** The queries that the user keeps. */
  readonly saved: SavedFilters;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Emitted when rows changed or the query was refused. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get query(): IQuery {
    return this._query;
  }

  /** Whether anything but all runs in their usual order is asked for. */
  get isActive(): boolean {
    const { filter, order, group } = this._query;
    return filter.trim() !== '' || order !== '' || group !== '';
  }

  /** How many runs there are to be found, by the last query that was understood. */
  get total(): number {
    return this._total;
  }

  /** The rows of the last query that was understood. */
  get rows(): Omit<Sections, 'all' | 'index' | 'parts'> {
    return this._sections;
  }

  /** Groups that there are beyond those in the rows. */
  get moreGroups(): number {
    return this._moreGroups;
  }

  /** Whether an answer to the present query is still awaited. */
  get isPending(): boolean {
    return this._error === null && this._shown !== this._query;
  }

  /** Why the query was refused; null where it was not. */
  get error(): RefusedError | null {
    return this._error;
  }

  /** The ids of the runs of these rows, which are loaded where they are not; as many as can be had. */
  async runIds(from: number, to: number): Promise<string[]> {
    await this._loader.ensure(from, to);
    const found: string[] = [];
    for (let index = from; index < to; index++) {
      const row = this._sections.row(index);
      found.push(...(row?.kind === 'run' && row.runId !== undefined ? [row.runId] : []));
    }
    return found;
  }

  /** Look for something else; asks the server once the user stops typing. */
  set(change: Partial<IQuery>): void {
    this._query = { ...this._query, ...change };
    this._error = null;
    this._turn += 1;
    if (this._isServed) {
      this._schedule(TYPING);
    } else {
      clearTimeout(this._timer);
      this._timer = undefined;
      this._shown = this._query;
      this._replace([{ group: null, isOpen: true, pages: new PagedRuns() }]);
      this._takeNewest();
    }
    this._changed.emit();
  }

  /** Look for nothing any more. */
  reset(): void {
    this.set(EVERYTHING);
  }

  /** Of which metric each group tells the best value. */
  judgeBy(metric: string | null): void {
    if (metric !== this._metric) {
      this._metric = metric;
      if (this._query.group !== '') {
        this._schedule(0);
      }
    }
  }

  /** Open or close a group. */
  toggle(group: IRunGroup): void {
    const key = groupKey(group);
    const section = this._sections.all.find(one => one.group && groupKey(one.group) === key);
    if (section) {
      section.isOpen = !section.isOpen;
      this._sections.index();
      this._changed.emit();
    }
  }

  /** Tell which rows are in view; those that are not known are loaded. */
  look(from: number, to: number): void {
    this._loader.look(from, to);
  }

  /** Whether the server is asked for the first rows too. */
  private get _isServed(): boolean {
    return this.isActive || this._runs.pinned > 0;
  }

  // What was found may have changed with the runs, its order too.
  private _onRuns(): void {
    if (this._isServed) {
      if (this._error === null && this._timer === undefined) {
        this._schedule(Math.max(this._lastFetch + PACE - Date.now(), 0));
      }
    } else if (this._isPlain) {
      this._takeNewest();
      void this._loader.load();
    } else {
      this.set({}); // the last pinned run is no longer
    }
  }

  /** Whether the rows begin with the newest runs. */
  private get _isPlain(): boolean {
    return this._newest !== null;
  }

  private _takeNewest(): void {
    const { list, total, generation } = this._runs;
    const pages = this._sections.all[0]?.pages;
    if (!pages) {
      return;
    }
    const runIds = list.map(run => run.run_id);
    const came = this._newest?.id === undefined ? 0 : runIds.indexOf(this._newest.id);
    const isKnown =
      came >= 0 && total - pages.total === came && generation === this._newest?.generation;
    if (isKnown) {
      pages.shift(came);
    } else {
      pages.age();
    }
    pages.put(0, runIds, total);
    this._newest = { id: runIds[0], generation };
    this._total = total;
    this._sections.index();
    this._changed.emit();
  }

  private _schedule(wait: number): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      this._timer = undefined;
      void this._search();
    }, wait);
  }

  /** Ask for what the query finds: its first page if it is a new one, else what is in view. */
  private async _search(): Promise<void> {
    const query = this._query;
    const turn = ++this._turn;
    this._lastFetch = Date.now();
    const isAgain = this._shown === query && !this._isPlain && this._total > 0;
    const found = await this._attempt(turn, () => this._find(query, isAgain));
    if (found && turn === this._turn) {
      found();
      this._shown = query;
      this._newest = null;
    }
    this._changed.emit();
    await this._loader.load();
  }

  /** What the server says to a query; calling it makes that the rows. */
  private async _find(query: IQuery, isAgain: boolean): Promise<() => void> {
    const { group: by, filter } = query;
    if (by !== '') {
      const found = await this._client.groups({ by, filter, metric: this._metric ?? undefined });
      return () => {
        this._total = found.runs;
        this._moreGroups = found.total - found.groups.length;
        this._replace(found.groups.map(group => this._sectionOf(group, query)));
      };
    }
    if (isAgain) {
      return () => this._sections.all.forEach(section => section.pages.age());
    }
    const page = await this._runs.page({
      ...asked(query, null, this._runs.pinned > 0),
      limit: MOST_ASKED,
      offset: 0
    });
    return () => {
      const pages = new PagedRuns();
      const ids = page.runs.map(run => run.run_id);
      pages.put(0, ids, page.total);
      this._total = page.total;
      this._moreGroups = 0;
      this._replace([{ group: null, isOpen: true, pages }]);
      this._runs.know(page.runs);
    };
  }

  /** The group as it was before, with its runs asked for again, or closed. */
  private _sectionOf(group: IRunGroup, query: IQuery): ISection {
    const key = groupKey(group);
    const isSame = this._shown.group === query.group;
    const before =
      isSame && this._sections.all.find(one => one.group && groupKey(one.group) === key);
    const section = before || { isOpen: false, pages: new PagedRuns() };
    section.pages.age();
    section.pages.put(0, [], group.count);
    return { ...section, group };
  }

  private _replace(sections: readonly ISection[]): void {
    const held = new Set(sections.flatMap(section => section.pages.known));
    const before = this._sections.all.flatMap(section => section.pages.known);
    this._sections = new Sections(sections);
    this._newest = null;
    this._runs.forget(before.filter(id => !held.has(id)));
  }

  private async _fetchPart(
    section: ISection,
    span: ISpan,
    signal?: AbortSignal
  ): Promise<IRunPage | undefined> {
    const options = asked(this._shown, section.group, this._runs.pinned > 0);
    return this._attempt(this._turn, () => this._runs.page({ ...options, ...span }, signal));
  }

  private _took(section: ISection, page: IRunPage, gone: readonly string[]): void {
    this._runs.know(page.runs);
    this._runs.forget(gone);
    if (!section.group) {
      this._total = page.total;
    }
    this._sections.index();
    this._changed.emit();
  }

  /** What the work gives; undefined after an error. That of an older turn does not matter any more. */
  private async _attempt<T>(turn: number, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      // That the server is away is told by the list of runs, which is asked again until it answers.
      if (error instanceof RefusedError && turn === this._turn) {
        this._error = error;
        this._changed.emit();
      }
      return undefined;
    }
  }

  private _query = EVERYTHING;
  /** The last query that was understood: the one that the rows are of. */
  private _shown = EVERYTHING;
  private _sections = new Sections([{ group: null, isOpen: true, pages: new PagedRuns() }]);
  /** The first of the newest runs when they were last taken; null while the server is asked for all rows. */
  private _newest: { id: string | undefined; generation: number } | null = {
    id: undefined,
    generation: 0
  };
  private _metric: string | null = null;
  private _total = 0;
  private _moreGroups = 0;
  private _isDisposed = false;
  /** Counts the searches: what an older one finds does not matter any more. */
  private _turn = 0;
  private readonly _loader = new RowLoader({
    sections: () => this._sections,
    fetch: (section, span, signal) => this._fetchPart(section, span, signal),
    took: (section, page, gone) => this._took(section, page, gone)
  });
  private _lastFetch = 0;
  private _error: RefusedError | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}
