import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';

import { ServerConnection } from '@jupyterlab/services';

import { RunloreClient } from '../../labextension/src/api/client';
import { IJob, IRun, IRunDetail, IWireCurve } from '../../labextension/src/api/types';
import { sinceCurve, someDetail } from './runs';

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
  curves: IWireCurve[] = [];
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
      const [status, answer] = this.refusal ?? this._answer(request.method ?? '', path, url, body);
      const isHtml = typeof answer === 'string';
      response.writeHead(status, { 'Content-Type': isHtml ? 'text/html' : 'application/json' });
      response.end(isHtml ? answer : JSON.stringify(answer));
    });
  }

  private _answer(method: string, path: string, url: URL, body: unknown): Answer {
    const [resource, id] = path.split('/').map(decodeURIComponent);
    if (resource === 'runs' && id === undefined) {
      return [200, this._page(url)];
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
      const { run_id: original } = body as { run_id: string };
      const job: IJob = {
        run_id: `rerun-${original}`,
        rerun_of: original,
        name: original,
        state: 'queued',
        cells_done: 0,
        cells_total: 2,
        cell: null,
        stage: null,
        submitted: 1,
        started: null,
        ended: null,
        verdict: null,
        error: null
      };
      this.jobs = [job, ...this.jobs];
      return [201, job];
    }
    if (method === 'DELETE') {
      this.jobs = this.jobs.map(job => (job.run_id === id ? { ...job, state: 'stopping' } : job));
      return [200, this.jobs.find(job => job.run_id === id)];
    }
    return [200, { jobs: this.jobs }];
  }

  /** Of the filters only words of the name, of the orders only that of the names. */
  private _page(url: URL): unknown {
    const query = url.searchParams;
    const words = (query.get('filter') ?? '').toLowerCase().split(' ');
    const found = this.runs.filter(run => words.every(word => run.name.includes(word)));
    if (query.get('order_by') === 'name ASC') {
      found.sort((a, b) => a.name.localeCompare(b.name));
    }
    const start = Number(query.get('before') ?? query.get('offset') ?? 0);
    const end = start + Number(query.get('limit'));
    const next = end < found.length ? String(end) : null;
    return { runs: found.slice(start, end), next, total: found.length };
  }

  private readonly _server: Server = createServer((request, response) =>
    this._handle(request, response)
  );
}
