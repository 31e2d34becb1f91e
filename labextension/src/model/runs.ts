import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { RefusedError } from '../api/errors';
import { IRun, IRunPage } from '../api/types';

const PAGE = 100;
const LARGEST_PAGE = 1000;
const RECENT = 50;
const SINGLE_REQUESTS = 8;

/**
 * The runs that were loaded so far, newest first.
 */
export class RunsModel {
  constructor(private readonly _client: RunloreClient) {}

  /** Emitted after every change of anything here. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The loaded runs, newest first. */
  get list(): readonly IRun[] {
    return this._list;
  }

  /** How many runs the server has; at least those loaded. */
  get total(): number {
    return Math.max(this._total, this._list.length);
  }

  /** Whether there are older runs that are not loaded. */
  get hasMore(): boolean {
    return this._next !== null;
  }

  /** Whether the server has answered at least once. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why the last request failed; null when it did not. */
  get error(): Error | null {
    return this._error;
  }

  /** A run that is loaded, in the list or on its own. */
  get(runId: string): IRun | undefined {
    return this._byId.get(runId);
  }

  /** Load again what is loaded (the first page to begin with, 1,000 runs at the most). */
  async refresh(): Promise<void> {
    const limit = Math.min(Math.max(this._list.length, PAGE), LARGEST_PAGE);
    await this._guard(async () => {
      const page = await this._client.runs({ limit });
      this._list = page.runs;
      this._next = page.next;
      this._total = page.total;
      this._isLoaded = true;
    });
  }

  /** Load the next page of older runs; does nothing while one is loading or when there is none. */
  async loadMore(): Promise<void> {
    const before = this._next;
    if (before === null || this._isLoadingMore) {
      return;
    }
    this._isLoadingMore = true;
    try {
      await this._guard(async () => {
        const page = await this._client.runs({ limit: PAGE, before });
        if (this._next !== before) {
          return; // the list was loaded again meanwhile
        }
        const known = new Set(this._list.map(run => run.run_id));
        this._list = [...this._list, ...page.runs.filter(run => !known.has(run.run_id))];
        this._next = page.next;
        this._total = page.total;
      });
    } finally {
      this._isLoadingMore = false;
    }
  }

  /** Fetch these runs again, and no others where that is cheaper. */
  async refetch(runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) {
      return;
    }
    if (!this._isLoaded) {
      return this.refresh();
    }
    const recent = new Set(this._list.slice(0, RECENT).map(run => run.run_id));
    const wanted = new Set(runIds);
    await this._guard(async () => {
      // New runs stand on top, and what changes is nearly always among the newest.
      if (runIds.some(id => recent.has(id) || !this._byId.has(id))) {
        const page = await this._client.runs({ limit: RECENT });
        this._putOnTop(page);
        page.runs.forEach(run => wanted.delete(run.run_id));
      }
      wanted.forEach(id => this._byId.has(id) || wanted.delete(id));
      if (wanted.size <= SINGLE_REQUESTS) {
        await Promise.all([...wanted].map(id => this._refetchOne(id)));
      }
    });
    if (wanted.size > SINGLE_REQUESTS) {
      await this.refresh();
    }
  }

  /** Load runs that the list does not hold; returns the ids of those that do not exist. */
  async ensure(runIds: readonly string[]): Promise<string[]> {
    const missing = runIds.filter(id => !this._byId.has(id));
    if (missing.length === 0) {
      return [];
    }
    await this._guard(() => Promise.all(missing.map(id => this._refetchOne(id))));
    return this._error ? [] : missing.filter(id => !this._byId.has(id));
  }

  /** Take note of runs that were found elsewhere; the list stays as it is. */
  know(runs: readonly IRun[]): void {
    for (const run of runs) {
      this._alone.set(run.run_id, run);
      this._byId.set(run.run_id, run);
    }
  }

  private async _refetchOne(runId: string): Promise<void> {
    try {
      const run = await this._client.run(runId);
      // By the run's own id: the server also takes an abbreviation or MLflow's.
      this._alone.set(run.run_id, run);
      this._list = this._list.map(other => (other.run_id === run.run_id ? run : other));
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 404) {
        throw error;
      }
      this._alone.delete(runId);
      this._list = this._list.filter(other => other.run_id !== runId);
    }
  }

  private _putOnTop(page: IRunPage): void {
    const fresh = new Set(page.runs.map(run => run.run_id));
    const last = page.runs.at(-1);
    const reaches = this._list.some(run => fresh.has(run.run_id));
    this._total = page.total;
    if (!last || page.next === null || !reaches) {
      // Either this is all there is, or more runs came than were asked for and what lies between is unknown.
      this._list = page.runs;
      this._next = page.next;
      return;
    }
    const older = this._list.filter(run => !fresh.has(run.run_id) && run.started <= last.started);
    this._list = [...page.runs, ...older];
  }

  private async _guard(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this._error = null;
    } catch (error) {
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._list.forEach(run => this._alone.delete(run.run_id));
    this._byId = new Map(this._alone);
    this._list.forEach(run => this._byId.set(run.run_id, run));
    this._changed.emit();
  }

  private _list: IRun[] = [];
  private _alone = new Map<string, IRun>();
  private _byId = new Map<string, IRun>();
  private _next: string | null = null;
  private _total = 0;
  private _isLoaded = false;
  private _isLoadingMore = false;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}
