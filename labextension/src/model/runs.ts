import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { RefusedError } from '../api/errors';
import { IRun, IRunPage } from '../api/types';
import { NeededMetrics } from './neededMetrics';
import { inParts, named } from './query';

const PAGE = 100;
const RECENT = 50;
/** Runs that are asked for by name; where more changed, all are loaded again. */
const MOST_REFETCHED = 300;

/**
 * The newest runs, and others that are shown.
 */
export class RunsModel {
  constructor(private readonly _client: RunloreClient) {}

  /** Emitted after every change of anything here. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The newest runs, the newest first. */
  get list(): readonly IRun[] {
    return this._list;
  }

  /** How many runs the server has; at least those in the list. */
  get total(): number {
    return Math.max(this._total, this._list.length);
  }

  /** How many runs are pinned, loaded or not. */
  get pinned(): number {
    return this._pinned;
  }

  /** How many runs are hidden until they are restored. */
  get deleted(): number {
    return this._deleted;
  }

  /** Counts how often all was loaded again: then anything may have changed. */
  get generation(): number {
    return this._generation;
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

  /** Whether another run that is loaded has its name; a rerun is told from its original by being one. */
  isNamesake(run: IRun): boolean {
    return (this._named.get(nameKey(run)) ?? 0) > 1;
  }

  /** Load the newest runs again. */
  async refresh(): Promise<void> {
    await this._guard(async () => {
      this._take(await this.page({ limit: PAGE }));
      this._isLoaded = true;
      this._generation += 1;
    });
  }

  /** Fetch these runs again, and no others where that is cheaper. */
  async refetch(runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) {
      return;
    }
    if (!this._isLoaded) {
      return this.refresh();
    }
    const known = runIds.filter(id => this._byId.has(id));
    if (known.length > MOST_REFETCHED) {
      return this.refresh();
    }
    await this._guard(async () => {
      const listed = this._list.length;
      await this._refetchNamed(known);
      // New runs stand on top; how many there are now is told with them.
      if (known.length < runIds.length || this._list.length < listed) {
        this._putOnTop(await this.page({ limit: RECENT }));
      }
    });
  }

  /** Say which metrics are looked at: of runs with very many, only those are fetched. */
  need(metrics: readonly string[]): void {
    if (this._needed.add(metrics)) {
      void this._complete();
    }
  }

  /** A page of runs with the metrics that are looked at; rejects as the client does. */
  async page(options: RunloreClient.IRunsOptions, signal?: AbortSignal): Promise<IRunPage> {
    const { asked: metrics, version } = this._needed;
    const page = await this._client.runs({ ...options, metrics }, signal);
    this._needed.came(page.runs, version);
    return page;
  }

  /** Load runs that the list does not hold; returns the ids of those that do not exist. */
  async ensure(runIds: readonly string[]): Promise<string[]> {
    const missing = runIds.filter(id => !this._byId.has(id));
    if (missing.length === 0) {
      return [];
    }
    await this._guard(async () => {
      const came = await this._refetchNamed(missing);
      came.forEach((run, id) => this._alone.set(id, run));
      // The server also takes an abbreviation or MLflow's id.
      const unknown = missing.filter(id => !came.has(id));
      await Promise.all(unknown.map(id => this._fetchOne(id)));
    });
    return this._error ? [] : missing.filter(id => !this._byId.has(id));
  }

  /** Take note of runs that were found elsewhere, until they are forgotten; the list stays as it is. */
  know(runs: readonly IRun[]): void {
    runs.forEach(run => this._found.set(run.run_id, run));
    this._index(runs);
  }

  /** Let go of runs that were found elsewhere. */
  forget(runIds: readonly string[]): void {
    runIds.forEach(id => this._found.delete(id));
    this._index();
  }

  /** Do not let go of this run, whoever forgets it. */
  keep(runId: string): void {
    const run = this._byId.get(runId);
    if (run) {
      this._alone.set(runId, run);
    }
  }

  /** Show at once what the user changed; the server's word follows. */
  amend(runIds: readonly string[], change: Partial<IRun>): void {
    const amended = (run: IRun): IRun =>
      runIds.includes(run.run_id) ? { ...run, ...change } : run;
    this._list = this._list.map(amended);
    for (const held of [this._alone, this._found]) {
      held.forEach((run, id) => held.set(id, amended(run)));
    }
    this._index();
    this._changed.emit();
  }

  /** Fetch the metrics that came to be looked at since the runs were fetched. */
  private async _complete(): Promise<void> {
    const lacking = [...this._byId.values()].filter(run => this._needed.lacks(run));
    if (lacking.length > 0 && !this._isCompleting) {
      this._isCompleting = true;
      await this._guard(() => this._refetchNamed(lacking.map(run => run.run_id)));
      this._isCompleting = false;
      if (this._error === null) {
        await this._complete(); // others may be looked at by now
      }
    }
  }

  /** Put runs in the place of what was known of them, and forget those that are gone. */
  private async _refetchNamed(runIds: readonly string[]): Promise<ReadonlyMap<string, IRun>> {
    const pages = await Promise.all(
      inParts(runIds).map(part => this.page({ filter: named(part), limit: part.length }))
    );
    const came = new Map(pages.flatMap(page => page.runs).map(run => [run.run_id, run]));
    this._pinned = pages[0]?.pinned ?? this._pinned;
    this._renew([...came.values()]);
    for (const runId of runIds.filter(id => !came.has(id))) {
      this._alone.delete(runId);
      this._found.delete(runId);
    }
    const asked = new Set(runIds);
    this._list = this._list.flatMap(other => {
      const run = asked.has(other.run_id) ? came.get(other.run_id) : other;
      return !run || (run !== other && run.deleted) ? [] : [run];
    });
    return came;
  }

  private async _fetchOne(runId: string): Promise<void> {
    try {
      const run = await this._client.run(runId);
      this._alone.set(run.run_id, run);
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 404) {
        throw error;
      }
    }
  }

  private _putOnTop(page: IRunPage): void {
    const fresh = new Set(page.runs.map(run => run.run_id));
    const last = page.runs.at(-1);
    const reaches = this._list.some(run => fresh.has(run.run_id));
    const list = this._list;
    this._take(page);
    if (!last || page.next === null || !reaches) {
      return; // either this is all there is, or more runs came than were asked for: what lies between is unknown
    }
    const older = list.filter(run => !fresh.has(run.run_id) && run.started <= last.started);
    this._list = [...page.runs, ...older].slice(0, Math.max(PAGE, page.runs.length));
  }

  private _take(page: IRunPage): void {
    this._list = page.runs;
    this._total = page.total;
    this._pinned = page.pinned;
    this._deleted = page.deleted;
  }

  private async _guard(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this._error = null;
    } catch (error) {
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._index();
    this._changed.emit();
    if (this._error === null) {
      void this._complete();
    }
  }

  private _index(fresh: readonly IRun[] = this._list): void {
    this._renew(fresh);
    const newest = this._list.map(run => [run.run_id, run] as const);
    this._byId = new Map([...this._alone, ...this._found, ...newest]);
    this._named = new Map();
    for (const run of this._byId.values()) {
      this._named.set(nameKey(run), (this._named.get(nameKey(run)) ?? 0) + 1);
    }
  }

  /** Put the runs in the place of what was known of them. */
  private _renew(fresh: readonly IRun[]): void {
    for (const held of [this._alone, this._found]) {
      fresh.forEach(run => held.has(run.run_id) && held.set(run.run_id, run));
    }
  }

  private readonly _needed = new NeededMetrics();
  private _isCompleting = false;
  private _list: IRun[] = [];
  private _alone = new Map<string, IRun>();
  private _found = new Map<string, IRun>();
  private _byId = new Map<string, IRun>();
  private _named = new Map<string, number>();
  private _total = 0;
  private _pinned = 0;
  private _deleted = 0;
  private _generation = 0;
  private _isLoaded = false;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}

function nameKey(run: IRun): string {
  return `${run.rerun_of === null}${run.name}`;
}
