import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ICellPace, IPace, IQueue } from '../api/rerunTypes';
import { IJob } from '../api/types';
import { isActive } from './jobs';
import { IChange } from './live';
import { Runlore } from './runlore';

/** Milliseconds between two looks at how jobs are getting on. */
const PACE = 3000;
/** Jobs at work whose cells are looked at. */
const MOST_FOLLOWED = 16;
/** A cell is late that takes so many times what its original took, and so many seconds more. */
const LATE = 1.5;
const LATE_SECONDS = 10;
/** Seconds without any sign of life after which a job counts as quiet, unless its cell was as slow before. */
const QUIET = 60;

/**
 * The queue as a whole, and how those of its jobs are getting on that are at work; kept up to date while it is started.
 */
export class QueueModel implements IDisposable {
  constructor(private readonly _runlore: Runlore) {
    _runlore.fetched.connect(this._onFetched, this);
  }

  /** Emitted after every load. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Undefined until it is loaded. */
  status: IQueue | undefined;
  /** Why the last load failed; null when it did not. */
  error: Error | null = null;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this.stop();
    this._runlore.fetched.disconnect(this._onFetched, this);
    Signal.clearData(this);
  }

  /** Look, and go on looking. */
  start(): void {
    this._timer ??= setInterval(() => this._isMoving() && void this.load(), PACE);
    void this.load();
  }

  stop(): void {
    clearInterval(this._timer);
    this._timer = undefined;
  }

  /** How a job is getting on; undefined where nobody looked. */
  pace(runId: string): IPace | undefined {
    return this._paces.get(runId);
  }

  /** Look at the cells of a job whatever its state. */
  async follow(runId: string | null): Promise<void> {
    this._followed = runId;
    if (runId !== null) {
      await this._look([runId]);
      this._changed.emit();
    }
  }

  /** Load all again. */
  async load(): Promise<void> {
    const { jobs, reruns } = this._runlore;
    const working = jobs.active.filter(job => job.state !== 'queued').slice(0, MOST_FOLLOWED);
    const runIds = new Set(working.map(job => job.run_id));
    if (this._followed !== null) {
      runIds.add(this._followed);
    }
    try {
      [this.status] = await Promise.all([reruns.queue(), this._look([...runIds])]);
      this.error = null;
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
    }
    this._changed.emit();
  }

  /** Pause or resume the queue, or say how many jobs go on at once; rejects as the client does. */
  async change(change: { paused?: boolean; slots?: number | null }): Promise<void> {
    this.status = await this._runlore.reruns.changeQueue(change);
    this._changed.emit();
  }

  private async _look(runIds: readonly string[]): Promise<void> {
    const { reruns } = this._runlore;
    // A job that is forgotten meanwhile has no pace, and that is all there is to say.
    const found = await Promise.all(
      runIds.map(async id => [id, await reruns.pace(id).catch(() => undefined)] as const)
    );
    found.forEach(([id, pace]) => pace && this._paces.set(id, pace));
  }

  private _isMoving(): boolean {
    return !document.hidden && this._runlore.jobs.active.some(job => job.state !== 'queued');
  }

  private _onFetched(_: Runlore, change: IChange): void {
    if (this._timer !== undefined && (change.all || change.jobs.size > 0)) {
      void this.load();
    }
  }

  private readonly _paces = new Map<string, IPace>();
  private _followed: string | null = null;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _isDisposed = false;
  private _changed = new Signal<this, void>(this);
}

/**
 * Whether a job at work moves on: `late` where its cell takes much longer than in the original, `quiet` where
 * nothing was heard of it for long.
 */
export interface ILife {
  state: 'working' | 'late' | 'quiet';
  /** The cell that runs now. */
  cell: ICellPace | undefined;
  /** Seconds since the last sign of life; null before the first. */
  silence: number | null;
}

/** What can be told of a job at work at the time (Unix seconds). */
export function lifeOf(pace: IPace, now: number): ILife {
  const cell = pace.cells.find(one => one.state === 'running');
  const silence = pace.sign === null ? null : Math.max(now - pace.sign, 0);
  const expected = cell?.expected ?? null;
  const isLate = expected !== null && (cell?.elapsed ?? 0) > expected * LATE + LATE_SECONDS;
  const isQuiet = silence !== null && silence > Math.max(QUIET, expected ?? 0);
  return { state: isQuiet ? 'quiet' : isLate ? 'late' : 'working', cell, silence };
}

/** Part of the work that is done, by the original's time where that is known, else by cells. */
export function partDone(job: IJob, pace: IPace | undefined): number {
  if (!isActive(job)) {
    return job.state === 'succeeded' ? 1 : job.cells_done / Math.max(job.cells_total, 1);
  }
  if (pace && pace.expected !== null && pace.expected > 0) {
    const spent = pace.cells.map(cell =>
      cell.state === 'done' ? (cell.expected ?? 0) : Math.min(cell.elapsed ?? 0, cell.expected ?? 0)
    );
    return Math.min(spent.reduce((sum, seconds) => sum + seconds, 0) / pace.expected, 1);
  }
  return job.cells_done / Math.max(job.cells_total, 1);
}

/** The jobs as they are shown: those at work, those that wait in their order, those that ended, the last one first. */
export function inOrder(jobs: readonly IJob[]): IJob[] {
  const rank = (job: IJob): number => (!isActive(job) ? 2 : job.state === 'queued' ? 1 : 0);
  return [...jobs].sort(
    (one, other) =>
      rank(one) - rank(other) ||
      (rank(one) === 1
        ? other.priority - one.priority || one.number - other.number
        : other.number - one.number)
  );
}

/**
 * The priority that moves a job that waits one place up (-1) or down (1) in the queue; null where it cannot be.
 *
 * @param ordered - As `inOrder` gives them.
 */
export function movedPriority(ordered: readonly IJob[], runId: string, by: 1 | -1): number | null {
  const waiting = ordered.filter(job => job.state === 'queued');
  const index = waiting.findIndex(job => job.run_id === runId);
  const neighbour = waiting[index + by];
  return index < 0 || !neighbour ? null : neighbour.priority - by;
}
