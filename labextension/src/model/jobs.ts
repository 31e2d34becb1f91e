import { ISignal, Signal } from '@lumino/signaling';

import { RerunsClient } from '../api/reruns';
import { IJobRequest } from '../api/rerunTypes';
import { IJob } from '../api/types';

/** Seconds for which a job that ended stays in sight. */
const RECENT = 600;
/** Jobs that are asked for by name; of more changes all are loaded again. */
const MOST_NAMED = 100;

/**
 * Reruns that wait, run or have ended.
 */
export class JobsModel {
  constructor(private readonly _client: RerunsClient) {}

  /** Emitted after every change of anything here. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted once for every job that was seen at work and has its result. */
  get ended(): ISignal<this, IJob> {
    return this._ended;
  }

  /** All jobs, newest first. */
  get list(): readonly IJob[] {
    return this._list;
  }

  /** Jobs at work or waiting. */
  get active(): readonly IJob[] {
    return this._list.filter(isActive);
  }

  /** Jobs worth showing at the time (Unix seconds): active ones and those that ended a short while ago. */
  inSight(now: number): readonly IJob[] {
    return this._list.filter(job => isActive(job) || (job.ended ?? 0) > now - RECENT);
  }

  /** The job that repeats or repeated this run last. */
  latestOf(runId: string): IJob | undefined {
    return this._list.find(job => job.rerun_of === runId);
  }

  /** A job, by the run that it makes. */
  get(runId: string): IJob | undefined {
    return this._list.find(job => job.run_id === runId);
  }

  /** Load jobs again, all where none are named; rejects as the client does. */
  async refresh(runIds?: readonly string[]): Promise<void> {
    if (runIds === undefined || runIds.length > MOST_NAMED || !this._isLoaded) {
      this._take(await this._client.jobs());
      this._isLoaded = true;
      return;
    }
    const found = await this._client.some(runIds);
    const named = new Set(runIds);
    const kept = this._list.filter(job => !named.has(job.run_id));
    this._take([...found, ...kept].sort(newestFirst));
  }

  /** Queue reruns, all or none; rejects as the client does. */
  async submit(requests: readonly IJobRequest[]): Promise<IJob[]> {
    return this._put(await this._client.submit(requests));
  }

  /** Stop a job; rejects as the client does. */
  async stop(runId: string): Promise<void> {
    this._put([await this._client.stop(runId)]);
  }

  /** Queue a job again that failed or was stopped; rejects as the client does. */
  async retry(runId: string): Promise<void> {
    this._put([await this._client.retry(runId)]);
  }

  /** Give a job that waits another priority, hold it or release it; rejects as the client does. */
  async change(runId: string, change: { priority?: number; held?: boolean }): Promise<void> {
    this._put([await this._client.change(runId, change)]);
  }

  /** Take all jobs that are over off the list; rejects as the client does. */
  async forget(): Promise<void> {
    const gone = new Set(await this._client.forget());
    this._take(this._list.filter(job => !gone.has(job.run_id)));
  }

  private _put(jobs: IJob[]): IJob[] {
    const changed = new Set(jobs.map(job => job.run_id));
    const others = this._list.filter(job => !changed.has(job.run_id));
    this._take([...jobs, ...others].sort(newestFirst));
    return jobs;
  }

  private _take(jobs: readonly IJob[]): void {
    this._list = jobs;
    const ended = jobs.filter(job => this._awaited.has(job.run_id) && hasResult(job));
    ended.forEach(job => this._awaited.delete(job.run_id));
    jobs.filter(isActive).forEach(job => this._awaited.add(job.run_id));
    this._changed.emit();
    ended.forEach(job => this._ended.emit(job));
  }

  private _list: readonly IJob[] = [];
  private _isLoaded = false;
  private _awaited = new Set<string>();
  private _changed = new Signal<this, void>(this);
  private _ended = new Signal<this, IJob>(this);
}

/** Whether the job waits or works. */
export function isActive(job: IJob): boolean {
  return job.state === 'queued' || job.state === 'running' || job.state === 'stopping';
}

function newestFirst(one: IJob, other: IJob): number {
  return other.number - one.number;
}

// The kernel is done a moment before the comparison is.
function hasResult(job: IJob): boolean {
  return !isActive(job) && (job.state !== 'succeeded' || job.verdict !== null);
}
