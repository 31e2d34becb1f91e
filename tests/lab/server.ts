import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';

import { ServerConnection } from '@jupyterlab/services';

import { RunloreClient } from '../../labextension/src/api/client';
import { IWireCurve } from '../../labextension/src/api/curveTypes';
import { IRecordedNotebook } from '../../labextension/src/api/notebookTypes';
import { Statistic } from '../../labextension/src/api/metricTypes';
import {
  IAnnotation,
  IJob,
  IRun,
  IRunDetail,
  IRunGroup,
  IRunGroups,
  RunSelection
} from '../../labextension/src/api/types';
import { narrowed } from './many';
import { sinceCurve, someDetail, someJob } from './runs';
import { ISurroundings } from './surroundings';

/** What the server answers: status and body; a string is sent as HTML. */
export type Answer = [status: number, body: unknown];

/**
 * An HTTP server that speaks the REST interface over what it is given.
 */
export class RestServer {
  static async start(): Promise<RestServer> {
    const rest = new RestServer();
    await new Promise<void>(resolve => rest._server.listen(0, '127.0.0.1', resolve));
    return rest;
  }

  /** Newest first. */
  runs: IRun[] = [];
  jobs: IJob[] = [];
  /** What is recorded of any notebook. */
  notebook: IRecordedNotebook = {
    notebook: '/home/ada/a.ipynb',
    total: 0,
    newest: null,
    cells: []
  };
  curves: IWireCurve[] = [];
  /** What was around any run. */
  around: ISurroundings = {};
  /** The content of any artifact. */
  artifact = Buffer.from('');
  /** Answers in place of all others while it is set. */
  refusal: Answer | null = null;
  /** `METHOD path?query` of every request, and the body of those that have one. */
  requests: string[] = [];
  bodies: unknown[] = [];

  client(): RunloreClient {
    return new RunloreClient(
      ServerConnection.makeSettings({ baseUrl: this.baseUrl, fetch, Request, Headers, token: '' })
    );
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this._server.address() as AddressInfo).port}/user/ada/`;
  }

  async stop(): Promise<void> {
    this._server.closeAllConnections();
    await new Promise(resolve => this._server.close(resolve));
  }

  private _handle(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const url = new URL(request.url ?? '', 'http://x');
      // Lab adds the time to keep browsers from answering out of their caches.
      [...url.searchParams.keys()]
        .filter(key => /^\d+$/.test(key))
        .forEach(key => url.searchParams.delete(key));
      const path = url.pathname.replace('/user/ada/runlore/', '');
      this.requests.push(`${request.method ?? ''} ${path}${url.search}`);
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      if (body !== undefined) {
        this.bodies.push(body);
      }
      if (path.includes('/artifacts/')) {
        const last = /bytes=0-(\d+)/.exec(request.headers.range ?? '')?.[1];
        response.writeHead(last === undefined ? 200 : 206);
        response.end(last === undefined ? this.artifact : this.artifact.subarray(0, +last + 1));
        return;
      }
      const [status, answer] = this.refusal ?? this._answer(request.method ?? '', path, url, body);
      const isHtml = typeof answer === 'string';
      response.writeHead(status, { 'Content-Type': isHtml ? 'text/html' : 'application/json' });
      response.end(isHtml ? answer : JSON.stringify(answer));
    });
  }

  private _answer(method: string, path: string, url: URL, body: unknown): Answer {
    const [resource, id, part] = path.split('/').map(decodeURIComponent);
    if (method === 'PATCH') {
      return [200, this._annotate(body as { select: RunSelection; change: IAnnotation })];
    }
    if (resource === 'runs' && id === undefined) {
      return [200, this._page(url)];
    }
    if (resource === 'cells') {
      return [200, this.notebook];
    }
    if (resource === 'groups') {
      return [200, this._groups(url)];
    }
    if (resource === 'runs' && part !== undefined) {
      const found = this.around[part as keyof ISurroundings];
      return found ? [200, found] : [404, { message: `There is nothing around ${id ?? ''}` }];
    }
    if (resource === 'runs') {
      const run = this.runs.find(other => other.run_id === id);
      return run
        ? [200, { ...someDetail(), ...run } satisfies IRunDetail]
        : [404, { message: `There is no run ${id ?? ''}`, reason: 'unknown_run' }];
    }
    if (resource === 'curves') {
      const [runs, metrics] = [url.searchParams.getAll('run'), url.searchParams.getAll('metric')];
      const curves = this.curves.filter(
        curve =>
          runs.includes(curve.run_id) && (metrics.length === 0 || metrics.includes(curve.metric))
      );
      const since = new Map(
        url.searchParams.getAll('since').map(text => {
          const [count, ...curve] = text.split(':');
          return [curve.join(':'), Number(count)];
        })
      );
      return [
        200,
        {
          curves: curves.map(curve =>
            sinceCurve(curve, since.get(`${curve.run_id}:${curve.metric}`) ?? 0)
          )
        }
      ];
    }
    if (method === 'POST') {
      const asked = body as { run_id: string }[];
      const jobs = asked.map(({ run_id: original }, index) =>
        someJob({
          run_id: `rerun-${original}`,
          rerun_of: original,
          name: original,
          number: this.jobs.length + index + 1,
          state: 'queued',
          cells_done: 0,
          cells_total: 2,
          cell: null,
          submitted: 1,
          started: null
        })
      );
      this.jobs = [...jobs, ...this.jobs];
      return [201, { jobs }];
    }
    if (method === 'DELETE') {
      this.jobs = this.jobs.map(job => (job.run_id === id ? { ...job, state: 'stopping' } : job));
      return [200, this.jobs.find(job => job.run_id === id)];
    }
    const named = url.searchParams.getAll('job');
    const jobs = this.jobs.filter(job => named.length === 0 || named.includes(job.run_id));
    return [200, { jobs, next: null }];
  }

  /** Of the filters only words of the name, an experiment and `deleted`; of the orders only names and pins. */
  private _page(url: URL): unknown {
    const query = url.searchParams;
    const found = this._found(query.get('filter') ?? '');
    const order = query.get('order_by') ?? '';
    if (order.endsWith('name ASC')) {
      found.sort((a, b) => a.name.localeCompare(b.name));
    }
    if (order.startsWith('pinned DESC')) {
      found.sort((a, b) => Number(b.pinned) - Number(a.pinned));
    }
    const start = Number(query.get('before') ?? query.get('offset') ?? 0);
    const end = start + Number(query.get('limit'));
    const next = end < found.length ? String(end) : null;
    const pinned = this.runs.filter(run => run.pinned).length;
    const deleted = this.runs.filter(run => run.deleted).length;
    const statistic = query.get('statistic') as Statistic | null;
    const told = narrowed(found.slice(start, end), query.getAll('metric'), statistic);
    return { ...told, next, total: found.length, pinned, deleted };
  }

  private _found(filter: string): IRun[] {
    const listed = /^(id|rerun_of) in \(([^)]*)\)/.exec(filter);
    if (listed) {
      const ids = (listed[2] ?? '').split(/, ?/).map(id => id.slice(1, -1));
      return this.runs.filter(run =>
        ids.includes((listed[1] === 'id' ? run.run_id : run.rerun_of) ?? '')
      );
    }
    const experiment = /experiment = '([^']*)'/.exec(filter);
    const isDeleted = filter.includes('deleted = yes');
    const text = filter.replace(/experiment = '[^']*'|deleted = yes|[()]|\band\b/g, '').trim();
    const words = text.toLowerCase().split(/\s+/);
    return this.runs.filter(
      run =>
        run.deleted === isDeleted &&
        (experiment === null || run.experiment === experiment[1]) &&
        words.every(word => run.name.includes(word))
    );
  }

  /** Groups by experiment, whatever is asked for. */
  private _groups(url: URL): IRunGroups {
    const groups = new Map<string, IRunGroup>();
    const found = this._found(url.searchParams.get('filter') ?? '');
    for (const { experiment: value, started: newest } of found) {
      const filter = `experiment = '${value}'`;
      const group = groups.get(value) ?? {
        value,
        label: null,
        filter,
        count: 0,
        newest,
        best: 0.5
      };
      groups.set(value, { ...group, count: group.count + 1 });
    }
    return { groups: [...groups.values()], total: groups.size, runs: found.length };
  }

  private _annotate(body: { select: RunSelection; change: IAnnotation }): { changed: number } {
    const { select, change } = body;
    const ids =
      'runs' in select
        ? select.runs
        : this._found(select.filter)
            .map(run => run.run_id)
            .filter(runId => !select.except.includes(runId));
    const { pinned, starred, deleted, color, name } = change;
    const given = Object.entries({ pinned, starred, deleted, color, name });
    const changed = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    this.runs = this.runs.map(run => (ids.includes(run.run_id) ? { ...run, ...changed } : run));
    return { changed: ids.length };
  }

  private readonly _server: Server = createServer((request, response) =>
    this._handle(request, response)
  );
}
