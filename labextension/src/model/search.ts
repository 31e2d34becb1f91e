import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { RefusedError } from '../api/errors';
import { IRun, ISavedFilter } from '../api/types';
import { RunsModel } from './runs';

const PAGE = 100;
const LARGEST_PAGE = 1000;
/** Milliseconds without a key before the server is asked. */
const TYPING = 200;
/** Milliseconds between two searches at the least while runs change. */
const PACE = 1000;

/**
 * What the user looks for: a filter and an order in the server's language.
 */
export interface IQuery {
  filter: string;
  /** As the server's `order_by`; empty for the newest first. */
  order: string;
}

const EVERYTHING: IQuery = { filter: '', order: '' };

/**
 * The runs that the user looks for; while nothing is looked for, all runs that are loaded, newest first.
 */
export class SearchModel implements IDisposable {
  constructor(
    private readonly _client: RunloreClient,
    private readonly _runs: RunsModel
  ) {
    _runs.changed.connect(this._onRuns, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._clear();
    Signal.clearData(this);
  }

  /** Emitted when something was found or refused. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get query(): IQuery {
    return this._query;
  }

  /** Whether anything but all runs in their usual order is asked for. */
  get isActive(): boolean {
    return this._query.filter.trim() !== '' || this._query.order !== '';
  }

  /** The runs found so far, as they are now; those of the last query that was understood. */
  get found(): readonly IRun[] {
    if (!this._isShown) {
      return this._runs.list;
    }
    return this._found.flatMap(id => this._runs.get(id) ?? []);
  }

  /** How many runs there are to be found. */
  get total(): number {
    return this._isShown ? this._total : this._runs.total;
  }

  get hasMore(): boolean {
    return this._isShown ? this._found.length < this._total : this._runs.hasMore;
  }

  /** Why the query was refused; null where it was not. */
  get error(): RefusedError | null {
    return this._error;
  }

  /** Look for something else; asks the server once the user stops typing. */
  set(change: Partial<IQuery>): void {
    this._query = { ...this._query, ...change };
    this._error = null;
    if (this.isActive) {
      this._schedule(TYPING);
    } else {
      this._clear();
    }
    this._changed.emit();
  }

  /** Look for nothing any more. */
  reset(): void {
    this.set(EVERYTHING);
  }

  /** The queries that the user keeps, by name; rejects as the client does. */
  saved(): Promise<ISavedFilter[]> {
    return this._client.filters();
  }

  /** Keep the present query, in place of one of the same name; rejects as the client does. */
  save(name: string): Promise<void> {
    const { filter, order } = this._query;
    return this._client.saveFilter({ name, filter, order_by: order });
  }

  /** Keep a query no longer; rejects as the client does. */
  forget(name: string): Promise<void> {
    return this._client.deleteFilter(name);
  }

  /** Load the next page; does nothing where there is none or one is loading. */
  async loadMore(): Promise<void> {
    if (!this._isShown) {
      return this._runs.loadMore();
    }
    if (this.hasMore && !this._isLoadingMore) {
      this._isLoadingMore = true;
      await this._fetch(this._found.length);
      this._isLoadingMore = false;
    }
  }

  private _clear(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    this._turn += 1;
    this._isShown = false;
    this._found = [];
  }

  // What was found may have changed with the runs, its order too.
  private _onRuns(): void {
    if (this.isActive && this._error === null && this._timer === undefined) {
      this._schedule(Math.max(this._lastFetch + PACE - Date.now(), 0));
    }
  }

  private _schedule(wait: number): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      this._timer = undefined;
      if (this._isLoadingMore) {
        this._schedule(PACE);
      } else {
        void this._fetch(0);
      }
    }, wait);
  }

  /** Ask for the next page; from the first run on for all that are shown, or for a page of another query. */
  private async _fetch(offset: number): Promise<void> {
    const query = this._query;
    const turn = ++this._turn;
    const again = query === this._shownQuery && offset === 0 ? this._found.length : 0;
    const limit = Math.min(Math.max(again, PAGE), LARGEST_PAGE);
    try {
      const { filter, order } = query;
      const page = await this._client.runs({ filter, order_by: order, limit, offset });
      if (turn !== this._turn) {
        return; // a newer search is on its way
      }
      const held = this._found.slice(0, offset);
      this._found = [...new Set([...held, ...page.runs.map(run => run.run_id)])];
      this._total = page.total;
      this._isShown = true;
      this._shownQuery = query;
      this._lastFetch = Date.now();
      this._runs.know(page.runs);
    } catch (error) {
      // That the server is away is told by the list of runs, which is asked again until it answers.
      if (error instanceof RefusedError && turn === this._turn) {
        this._error = error;
      }
    }
    this._changed.emit();
  }

  private _query = EVERYTHING;
  private _shownQuery: IQuery | null = null;
  private _found: readonly string[] = [];
  private _total = 0;
  private _isShown = false;
  private _isDisposed = false;
  private _isLoadingMore = false;
  /** Counts the searches: what an older one finds does not matter any more. */
  private _turn = 0;
  private _lastFetch = 0;
  private _error: RefusedError | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}
