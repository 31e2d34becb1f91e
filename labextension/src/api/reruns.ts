import { Connection, given, withQuery } from './connection';
import {
  Env,
  ICheck,
  IJobRequest,
  IKernels,
  INotebookCopy,
  IPace,
  IParameter,
  IQueue
} from './rerunTypes';
import { IJob } from './types';

/** Jobs that the server tells at once. */
const PAGE = 1000;
/** Pages of jobs that are loaded at the most. */
const MOST_PAGES = 10;

/**
 * The part of the REST interface that reruns and their queue have to do with; rejects as `Connection` says.
 */
export class RerunsClient {
  constructor(private readonly _connection: Connection) {}

  /** Reruns that wait, run or have ended, newest first; the ten thousand submitted last, and all at work. */
  async jobs(): Promise<IJob[]> {
    const found = new Map<string, IJob>();
    let before: number | null = null;
    for (let page = 0; page < MOST_PAGES; page++) {
      const path: string = withQuery('jobs', given({ before: before ?? undefined }));
      const { jobs, next } = await this._connection.request<{ jobs: IJob[]; next: number | null }>(
        'GET',
        path
      );
      jobs.forEach(job => found.set(job.run_id, job));
      before = next;
      if (before === null) {
        break;
      }
    }
    return [...found.values()].sort((one, other) => other.number - one.number);
  }

  /** Those of these jobs that there are. */
  async some(runIds: readonly string[]): Promise<IJob[]> {
    const query = new URLSearchParams(runIds.slice(0, PAGE).map(runId => ['job', runId]));
    return (await this._connection.request<{ jobs: IJob[] }>('GET', withQuery('jobs', query))).jobs;
  }

  /** Queue reruns; all of them, or where one is refused none. */
  async submit(requests: readonly IJobRequest[]): Promise<IJob[]> {
    return (await this._connection.request<{ jobs: IJob[] }>('POST', 'jobs', requests)).jobs;
  }

  /** Stop a job; the answer may still be `stopping`. */
  stop(runId: string): Promise<IJob> {
    return this._connection.request('DELETE', job(runId));
  }

  /** Queue a job again that failed or was cancelled. */
  retry(runId: string): Promise<IJob> {
    return this._connection.request('POST', `${job(runId)}/retry`);
  }

  /** Change a job that waits. */
  change(runId: string, change: { priority?: number; held?: boolean }): Promise<IJob> {
    return this._connection.request('PATCH', job(runId), change);
  }

  /** Take all jobs that are over off the list; their ids. */
  async forget(): Promise<string[]> {
    return (await this._connection.request<{ forgotten: string[] }>('DELETE', 'jobs')).forgotten;
  }

  /** How an attempt is getting on. */
  pace(runId: string): Promise<IPace> {
    return this._connection.request('GET', `${job(runId)}/pace`);
  }

  /** What the queue is at. */
  queue(): Promise<IQueue> {
    return this._connection.request('GET', 'queue');
  }

  /** Pause or resume the queue, or say how many reruns go on at once; null for what the server offers by itself. */
  changeQueue(change: { paused?: boolean; slots?: number | null }): Promise<IQueue> {
    return this._connection.request('PATCH', 'queue', change);
  }

  /** The parameters of a run that a rerun can set. */
  async parameters(runId: string): Promise<IParameter[]> {
    return (
      await this._connection.request<{ parameters: IParameter[] }>(
        'GET',
        `${run(runId)}/parameters`
      )
    ).parameters;
  }

  /** What a rerun would start from. */
  async checks(runId: string, options: RerunsClient.IChecksOptions): Promise<ICheck[]> {
    const path = withQuery(`${run(runId)}/checks`, given(options));
    return (await this._connection.request<{ checks: ICheck[] }>('GET', path)).checks;
  }

  /** The kernels that a rerun can be asked to happen in. */
  kernels(): Promise<IKernels> {
    return this._connection.request('GET', 'kernels');
  }

  /** What a rerun produced, or a run for readers without Runlore. */
  notebook(runId: string, kind: 'rerun' | 'clean'): Promise<INotebookCopy> {
    return this._connection.request('GET', withQuery(`${run(runId)}/notebook`, given({ kind })));
  }
}

/**
 * The namespace for the options of `RerunsClient`.
 */
export namespace RerunsClient {
  export interface IChecksOptions {
    kernel?: string;
    env?: Env;
    gpus?: number;
    gpu_type?: string;
    gpu_memory?: string;
    /** All by default; the GPUs alone are told at once. */
    what?: 'all' | 'gpus';
  }
}

function job(runId: string): string {
  return `jobs/${encodeURIComponent(runId)}`;
}

function run(runId: string): string {
  return `runs/${encodeURIComponent(runId)}`;
}
