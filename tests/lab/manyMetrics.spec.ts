import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  lessIsBetter,
  metricNames,
  metricNumber,
  metricsOf
} from '../../labextension/src/api/metrics';
import { Column, columnId } from '../../labextension/src/model/columns';
import { CompareModel } from '../../labextension/src/model/compare';
import { axisColumns } from '../../labextension/src/model/compareAxes';
import { findColumn } from '../../labextension/src/model/compareColumns';
import { DetailModel } from '../../labextension/src/model/detail';
import { wideRun } from './many';
import { Page } from './page';
import { someRun, someSummary } from './runs';
import { RestServer } from './server';

let page: Page;
let server: RestServer;

beforeEach(async () => {
  page = await Page.open();
  ({ server } = page);
  server.runs = [
    wideRun({ run_id: 'a', started: 3 }, 10),
    wideRun({ run_id: 'b', started: 2 }, 20),
    someRun({ run_id: 'c', started: 1 })
  ];
});

afterEach(async () => {
  await page.close();
});

describe('runs with very many metrics', () => {
  it('are listed with their names, and with the metrics that are looked at', async () => {
    const { runs } = await page.load();
    const [a, b, c] = runs.list;
    expect(a?.metrics).toEqual({});
    expect(a && metricNames(a)).toHaveLength(1000);
    expect(a?.many?.names).toBe(b?.many?.names);
    expect(metricsOf(runs.list)).toHaveLength(1001);
    expect(c && metricNumber(c, 'loss', 'last')).toBe(0.198123);
    runs.need(['m7', 'no such']);
    await vi.waitFor(() => expect(Object.keys(runs.get('a')?.metrics ?? {})).toEqual(['m7']));
    expect(runs.get('b')?.metrics.m7?.last).toBe(27);
    runs.need(['m8']);
    await vi.waitFor(() => expect(runs.get('b')?.metrics.m8?.last).toBe(28));
    expect(runs.list.map(run => run.run_id)).toEqual(['a', 'b', 'c']);
  });

  it('are asked for alone when they change, and for the metrics that are looked at', async () => {
    const { runs } = await page.load();
    runs.need(['m7', 'never logged']);
    await vi.waitFor(() => expect(runs.get('a')?.metrics.m7?.last).toBe(17));
    server.requests = [];
    server.runs = server.runs.map(run => (run.run_id === 'a' ? wideRun(run, 30) : run));
    page.emit({ runs: ['a'] });
    await vi.waitFor(() => expect(runs.get('a')?.metrics.m7?.last).toBe(37));
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toContain('limit=1&');
    expect(Object.keys(runs.get('a')?.metrics ?? {})).toEqual(['m7']);
  });

  it('are compared by one number of each metric, and by another once it is there', async () => {
    const runlore = await page.load();
    const model = new CompareModel(runlore, { runs: ['a', 'b'] }, null);
    await model.runs.load();
    expect(server.requests.at(-1)).toContain('statistic=last');
    const numbers = (id: string): (number | null)[] =>
      model.runs.list.map(run => metricNumber(run, id, model.look.now.statistic));
    expect(numbers('m3')).toEqual([13, 23]);
    expect(findColumn(model.differing, 'metrics.m999')).toBeDefined();
    model.look.set({ statistic: 'max' });
    expect(findColumn(model.columns, 'metrics.m999')).toBeDefined(); // no column goes meanwhile
    await vi.waitFor(() => expect(numbers('m3')).toEqual([6, 6]));
    expect(findColumn(model.columns, 'metrics.m999.max')).toBeDefined();
    model.dispose();
  });

  it('are asked for alone in a comparison, too', async () => {
    const runlore = await page.load();
    const model = new CompareModel(runlore, { runs: ['a', 'b'] }, null);
    await model.runs.load();
    server.requests = [];
    server.runs = server.runs.map(run => (run.run_id === 'b' ? wideRun(run, 50) : run));
    page.emit({ runs: ['b'] });
    const last = (): number | null | undefined => {
      const run = model.runs.get('b');
      return run && metricNumber(run, 'm3', 'last');
    };
    await vi.waitFor(() => expect(last()).toBe(53), { timeout: 5000 });
    const asked = server.requests.filter(request => request.includes('statistic='));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('limit=1&');
    model.dispose();
  });

  it('are told in full on their pages, with what came meanwhile', async () => {
    const runlore = await page.load();
    const detail = new DetailModel(runlore, 'a', null);
    await detail.load();
    expect(Object.keys(detail.run?.metrics ?? {})).toHaveLength(1000);
    expect(detail.run?.metrics.m7?.last).toBe(17);
    runlore.runs.need(['m7']);
    await vi.waitFor(() => expect(runlore.runs.get('a')?.metrics.m7).toBeDefined());
    server.runs = server.runs.map(run => (run.run_id === 'a' ? wideRun(run, 30) : run));
    page.emit({ runs: ['a'] });
    await vi.waitFor(() => expect(detail.run?.metrics.m7?.last).toBe(37));
    expect(Object.keys(detail.run?.metrics ?? {})).toHaveLength(1000);
    detail.dispose();
  });

  it('say of which metrics less is better', async () => {
    const { metrics } = wideRun({}, 0, 60);
    server.runs = [someRun({ metrics: { ...metrics, 'test loss': someSummary() } })];
    const { runs } = await page.load();
    expect(lessIsBetter(runs.list, 'test loss')).toBe(true);
    expect(lessIsBetter(runs.list, 'm1')).toBe(false);
    expect(lessIsBetter(runs.list, 'other')).toBeUndefined();
  });
});

describe('the axes of very many columns', () => {
  const columns = (params: number, metrics: number): Column[] => [
    ...Array.from({ length: params }, (_, at): Column => ({ kind: 'params', name: `p${at}` })),
    ...Array.from({ length: metrics }, (_, at): Column => ({
      kind: 'metrics',
      name: `m${at}`,
      statistic: 'last'
    }))
  ];
  const ids = (...given: Parameters<typeof axisColumns>): string[] =>
    axisColumns(...given).map(columnId);

  it('are all of few', () => {
    expect(axisColumns(columns(8, 4), null, 'm3')).toEqual(columns(8, 4));
  });

  it('are a few parameters and the metric that is looked at, in their order', () => {
    const found = ids(columns(200, 1000), null, 'm700');
    expect(found).toHaveLength(12);
    expect(found.slice(0, 9)).toEqual(columns(9, 0).map(columnId));
    expect(found.slice(9)).toEqual(['metrics.m0', 'metrics.m1', 'metrics.m700']);
    expect(ids(columns(1, 1000), null, 'm700')).toHaveLength(12);
    expect(ids(columns(1000, 0), null, null)).toHaveLength(10);
  });

  it('are those that were chosen, unless these runs have next to none of them', () => {
    const many = columns(200, 1000);
    expect(ids(many, ['metrics.m5', 'params.p77', 'params.gone'], 'm0')).toEqual([
      'params.p77',
      'metrics.m5'
    ]);
    expect(ids(many, ['params.p77', 'params.gone'], 'm0')).toHaveLength(12);
  });
});
