import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { IJob } from '../api/types';

/** Seconds for which a job that ended stays in sight. */
const RECENT = 600;

/**
 * Reruns that wait, run or have ended.
 */
export class JobsModel {
  constructor(private readonly _client: RunloreClient) {}

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

  /** Load all jobs again; rejects as the client does. */
  async refresh(): Promise<void> {
    this._take(await this._client.jobs());
  }

  /** Queue a rerun; rejects as the client does. */
  async rerun(runId: string, kernel?: string): Promise<IJob> {
    return this._put(await this._client.rerun(runId, kernel));
  }

  /** Stop a job; rejects as the client does. */
  async stop(runId: string): Promise<IJob> {
    return this._put(await this._client.stopJob(runId));
  }

  private _put(job: IJob): IJob {
    const others = this._list.filter(other => other.run_id !== job.run_id);
    const isNew = others.length === this._list.length;
    this._take(
      isNew
        ? [job, ...others]
        : this._list.map(other => (other.run_id === job.run_id ? job : other))
    );
    return job;
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
  private _awaited = new Set<string>();
  private _changed = new Signal<this, void>(this);
  private _ended = new Signal<this, IJob>(this);
}

/** Whether the job waits or works. */
export function isActive(job: IJob): boolean {
  return job.state === 'queued' || job.state === 'running' || job.state === 'stopping';
}

// The kernel is done a moment before the comparison is.
function hasResult(job: IJob): boolean {
  return !isActive(job) && (job.state !== 'succeeded' || job.verdict !== null);
}
