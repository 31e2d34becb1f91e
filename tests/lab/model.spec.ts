import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { IJob } from '../../labextension/src/api/types';
import { Page } from './page';
import { manyRuns, someCurve, someJob, someRun, someVerdict } from './runs';
import { RestServer } from './server';

let page: Page;
let server: RestServer;

beforeEach(async () => {
  page = await Page.open();
  server = page.server;
});

afterEach(() => page.close());

/** The request for runs by their ids. */
function named(...ids: string[]): string {
  const list = ids.map(id => `'${id}'`).join();
  const filter = `id in (${list}) and deleted in ('yes', 'no')`;
  return `GET runs?${new URLSearchParams({ filter, limit: String(ids.length) })}&metric=`;
}

describe('runs', () => {
  it('are the newest to begin with, and how many there are', async () => {
    server.runs = manyRuns(250);
    const { runs } = await page.load();
    expect([runs.list.length, runs.total]).toEqual([100, 250]);
    expect(runs.list.map(run => run.run_id)).toEqual(
      server.runs.slice(0, 100).map(run => run.run_id)
    );
  });

  it('know which of them have the name of another, as reruns have not', async () => {
    server.runs = [
      someRun({ run_id: 'b', rerun_of: 'a' }),
      someRun({ run_id: 'a' }),
      someRun({ run_id: 'c', name: 'mlp' }),
      someRun({ run_id: 'd', name: 'mlp' })
    ];
    const { runs } = await page.load();
    expect(runs.list.filter(run => runs.isNamesake(run)).map(run => run.run_id)).toEqual([
      'c',
      'd'
    ]);
  });

  it('put what is new on top and keep those below', async () => {
    server.runs = manyRuns(90);
    const { runs } = await page.load();
    server.runs = [someRun({ run_id: 'new', started: 200000 }), ...server.runs];
    page.emit({ runs: ['new'] });
    await vi.waitFor(() => expect(runs.list[0]?.run_id).toBe('new'));
    expect(runs.list.map(run => run.run_id)).toEqual(server.runs.map(run => run.run_id));
  });

  it('forget what lies behind a gap when more came than were asked for', async () => {
    server.runs = manyRuns(60);
    const { runs } = await page.load();
    server.runs = [
      ...manyRuns(70).map((run, index) => ({
        ...run,
        run_id: `n${index}`,
        started: 300000 - index
      })),
      ...server.runs
    ];
    page.emit({ runs: ['n0'] });
    await vi.waitFor(() => expect(runs.list[0]?.run_id).toBe('n0'));
    const ids = server.runs.map(run => run.run_id);
    expect(runs.list.map(run => run.run_id)).toEqual(ids.slice(0, runs.list.length));
  });

  it('are fetched alone when an old one changes, and dropped when it is gone', async () => {
    server.runs = manyRuns(90);
    const { runs } = await page.load();
    server.requests = [];
    server.runs = server.runs.map(run =>
      run.run_id === 'r80' ? { ...run, verdict: someVerdict() } : run
    );
    page.emit({ runs: ['r80'] });
    await vi.waitFor(() => expect(runs.get('r80')?.verdict?.verdict).toBe('BIT-EXACT'));
    expect(server.requests).toEqual([named('r80')]);
    server.runs = server.runs.filter(run => run.run_id !== 'r80');
    page.emit({ runs: ['r80'] });
    await vi.waitFor(() => expect(runs.get('r80')).toBeUndefined());
  });

  it('say that the server is away as soon as any view finds it so', async () => {
    const { runs, client } = await page.load();
    await server.stop();
    await expect(client.run('a')).rejects.toThrow();
    await vi.waitFor(() => expect(runs.error?.name).toBe('UnavailableError'), { timeout: 5000 });
  });

  it('stay as they were when the server goes away, and say so', async () => {
    server.runs = manyRuns(2);
    const { runs } = await page.load();
    server.refusal = [502, '<html>Bad gateway</html>'];
    await runs.refresh();
    expect(runs.list).toHaveLength(2);
    expect(runs.error?.name).toBe('UnavailableError');
    server.refusal = null;
    await runs.refresh();
    expect(runs.error).toBeNull();
  });
});

describe('live updates', () => {
  it('fetch exactly what changed, many events at once', async () => {
    server.runs = manyRuns(3);
    const runlore = await page.load();
    server.requests = [];
    for (let count = 0; count < 50; count++) {
      page.emit({ runs: ['r0', 'r1'] });
    }
    await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(0));
    expect(server.requests).toEqual([named('r0', 'r1')]);
    page.emit({ jobs: ['j'] });
    await vi.waitFor(() => expect(server.requests).toContain('GET jobs?job=j'));
    expect(server.requests).toHaveLength(2);
    expect(runlore.runs.list).toHaveLength(3);
  });

  it('ignore events of others and forged ones', async () => {
    await page.load();
    server.requests = [];
    page.events.emit({ schema_id: 'https://example.org/other', runs: ['r0'] });
    page.emit({ runs: 'r0', jobs: [1, null] });
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(server.requests).toEqual([]);
  });

  it('cost nothing while nobody looks, and catch up afterwards', async () => {
    const runlore = page.create();
    page.emit({ runs: ['r0'] });
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(server.requests).toEqual([]);
    server.runs = manyRuns(1);
    runlore.retain();
    await vi.waitFor(() => expect(runlore.runs.list).toHaveLength(1));
  });

  it('catch up when the browser tab comes back', async () => {
    const runlore = await page.load();
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    server.runs = manyRuns(1);
    page.emit({ runs: ['r0'] });
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(runlore.runs.list).toHaveLength(0);
    hidden.mockRestore();
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.waitFor(() => expect(runlore.runs.list).toHaveLength(1));
  });
});

describe('curves', () => {
  it('are fetched while they are looked at, again only for runs that changed', async () => {
    server.runs = manyRuns(2);
    server.curves = [someCurve('r0', [3, NaN, 1]), someCurve('r1', [2, 1])];
    const { curves } = await page.load();
    server.requests = [];
    curves.request({ runs: ['r0', 'r1'], metrics: ['loss'] });
    await vi.waitFor(() => expect(curves.isLoading).toBe(false));
    expect([...(curves.get('r0', 'loss')?.value ?? [])]).toEqual([3, NaN, 1]);
    expect(server.requests).toEqual(['GET curves?run=r0&run=r1&metric=loss&points=1000']);
    server.requests = [];
    server.curves = [someCurve('r0', [3, NaN, 1, 0.5])];
    page.emit({ runs: ['r0'] });
    await vi.waitFor(() => expect(curves.get('r0', 'loss')?.value).toHaveLength(4));
    expect([...(curves.get('r0', 'loss')?.value ?? [])]).toEqual([3, NaN, 1, 0.5]);
    expect([...(curves.get('r0', 'loss')?.step ?? [])]).toEqual([0, 1, 2, 3]);
    const tail = `since=${encodeURIComponent('3:r0:loss')}`;
    expect(server.requests).toContain(`GET curves?run=r0&metric=loss&points=1000&${tail}`);
    curves.request(null);
    server.requests = [];
    page.emit({ runs: ['r0'] });
    await vi.waitFor(() => expect(server.requests).toEqual([named('r0')]));
  });

  it('are fetched whole again once more points were added than two decimated curves have', async () => {
    const [few, many] = [[1, 2, 3], Array.from({ length: 2000 }, (_, index) => index)];
    server.runs = manyRuns(1);
    server.curves = [someCurve('r0', few)];
    const { curves } = await page.load();
    curves.request({ runs: ['r0'], metrics: ['loss'] });
    await vi.waitFor(() => expect(curves.get('r0', 'loss')?.value).toHaveLength(3));
    server.curves = [someCurve('r0', [...few, ...many])];
    curves.invalidate();
    await vi.waitFor(() => expect(curves.get('r0', 'loss')?.value).toHaveLength(2003));
    server.requests = [];
    curves.invalidate();
    await vi.waitFor(() =>
      expect(server.requests).toEqual(['GET curves?run=r0&metric=loss&points=1000'])
    );
  });

  it('are asked for in parts that a server takes, and what was out of view once it is looked at', async () => {
    const runs = manyRuns(50).map(run => run.run_id);
    const metrics = Array.from({ length: 24 }, (_, index) => `m${index}`);
    const { curves } = await page.load();
    server.requests = [];
    curves.request({ runs, metrics });
    await vi.waitFor(() => expect(curves.isLoading).toBe(false));
    expect(server.requests.map(one => one.split('metric=').length - 1)).toEqual([12, 12]);
    curves.request({ runs: ['r0'], metrics: ['m0'] });
    server.requests = [];
    curves.invalidate(['r0']);
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    curves.request({ runs: ['r0', 'r1'], metrics: ['m0', 'm1'] });
    await vi.waitFor(() => expect(server.requests).toHaveLength(2));
    expect(server.requests[1]).toBe('GET curves?run=r0&metric=m1&points=1000');
  });

  it('keep their object, so that nothing is drawn again, where nothing came', async () => {
    server.runs = manyRuns(1);
    server.curves = [someCurve('r0', [1, 2])];
    const { curves } = await page.load();
    curves.request({ runs: ['r0'], metrics: ['loss'] });
    await vi.waitFor(() => expect(curves.get('r0', 'loss')?.value).toHaveLength(2));
    const held = curves.get('r0', 'loss');
    server.requests = [];
    const changed = new Promise(resolve => curves.changed.connect(resolve));
    curves.invalidate();
    await changed;
    expect(server.requests).toHaveLength(1);
    expect(curves.get('r0', 'loss')).toBe(held);
  });

  it('that do not exist are asked for once', async () => {
    const { curves } = await page.load();
    server.requests = [];
    curves.request({ runs: ['r9'], metrics: ['loss'] });
    await vi.waitFor(() => expect(curves.isLoading).toBe(false));
    curves.request({ runs: ['r9'], metrics: ['loss'] });
    expect(curves.get('r9', 'loss')).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it('are asked for again after a failure, not by every rendering', async () => {
    server.curves = [someCurve('r0', [1])];
    const { curves } = await page.load();
    server.refusal = [500, { message: 'The disk is gone' }];
    curves.request({ runs: ['r0'], metrics: ['loss'] });
    await vi.waitFor(() => expect(curves.error?.message).toBe('The disk is gone'));
    server.requests = [];
    curves.request({ runs: ['r0'], metrics: ['loss'] });
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(server.requests).toEqual([]);
    server.refusal = null;
    curves.invalidate(['r0']);
    await vi.waitFor(() => expect(curves.get('r0', 'loss')?.value).toHaveLength(1));
    expect(curves.error).toBeNull();
  });
});

describe('jobs', () => {
  it('tell once that they ended, when their verdict is there', async () => {
    server.jobs = [someJob()];
    const { jobs } = await page.load();
    const ended: IJob[] = [];
    jobs.ended.connect((_, job) => ended.push(job));
    server.jobs = [someJob({ state: 'succeeded', ended: 2010 })];
    await jobs.refresh();
    expect(ended).toEqual([]);
    server.jobs = [someJob({ state: 'succeeded', ended: 2010, verdict: someVerdict() })];
    await jobs.refresh();
    await jobs.refresh();
    expect(ended.map(job => job.verdict?.verdict)).toEqual(['BIT-EXACT']);
  });

  it('are not told of when they had ended before', async () => {
    server.jobs = [someJob({ state: 'failed', ended: 2010, error: 'no' })];
    const { jobs } = await page.load();
    const ended: IJob[] = [];
    jobs.ended.connect((_, job) => ended.push(job));
    await jobs.refresh();
    expect(ended).toEqual([]);
    expect(jobs.inSight(2010 + 60)).toHaveLength(1);
    expect(jobs.inSight(2010 + 6000)).toHaveLength(0);
  });

  it('can be stopped', async () => {
    server.jobs = [someJob()];
    const { jobs } = await page.load();
    await jobs.stop('j1');
    expect(jobs.list[0]?.state).toBe('stopping');
    expect(server.requests).toContain('DELETE jobs/j1');
  });
});
