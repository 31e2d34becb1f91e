import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { IRun } from '../../labextension/src/api/types';
import { Column, columnId } from '../../labextension/src/model/columns';
import { CompareModel } from '../../labextension/src/model/compare';
import {
  compareColumns,
  differingColumns,
  factOf,
  sortedRuns
} from '../../labextension/src/model/compareColumns';
import {
  BY_SEEDS,
  CompareRow,
  compareRows,
  groupFact
} from '../../labextension/src/model/compareGroups';
import { nameMarks } from '../../labextension/src/model/compareNames';
import {
  CompareSource,
  sourceArgs,
  sourceKey,
  sourceOf
} from '../../labextension/src/model/compareSource';
import { asCsv, asMarkdown } from '../../labextension/src/model/compareText';
import { dimensionOf, placeOn } from '../../labextension/src/model/dimension';
import { Page } from './page';
import { someRun, someSummary } from './runs';

const LR: Column = { kind: 'params', name: 'lr' };
const LOSS: Column = { kind: 'metrics', name: 'loss', statistic: 'last' };

function run(id: string, lr: unknown, loss: number | 'NaN' = 0.5): ReturnType<typeof someRun> {
  return someRun({
    run_id: id,
    name: id,
    params: { lr, same: 1 },
    metrics: { loss: someSummary({ last: loss }) }
  });
}

describe('Columns of a comparison', () => {
  const runs = [run('a', 0.1), run('b', 0.01, 'NaN'), run('c', 'auto', 0.25)];

  it('are those that differ; NaN is the same as NaN', () => {
    const columns = compareColumns(runs, 'last');
    expect(differingColumns(runs, columns).map(columnId)).toEqual(['params.lr', 'metrics.loss']);
    const twins = [run('a', 1, 'NaN'), run('b', 1, 'NaN')];
    expect(differingColumns(twins, compareColumns(twins, 'last'))).toEqual([]);
  });

  it('know the entries of nested parameters by their path', () => {
    const nested = someRun({ params: { net: { width: 64, act: 'relu' }, on: true } });
    expect(compareColumns([nested], 'last').map(columnId).slice(0, 3)).toEqual([
      'params.net.act',
      'params.net.width',
      'params.on'
    ]);
    expect(factOf(nested, { kind: 'params', name: 'on' })).toBe('true');
  });

  it('sort with what is no number last, either way', () => {
    const ids = (isDescending: boolean): string[] =>
      sortedRuns(runs, LOSS, isDescending).map(({ run_id: id }) => id);
    expect(ids(false)).toEqual(['c', 'a', 'b']);
    expect(ids(true)).toEqual(['a', 'c', 'b']);
  });

  it('are copied as text in which nothing is markup or a formula', () => {
    const hostile = [run('=cmd|"x"', 0.1)];
    expect(asCsv(hostile, [LR], ['Name', 'lr'])).toBe('Name,lr\r\n"\'=cmd|""x""",0.1\r\n');
    expect(asMarkdown([run('<b>a|b</b>', 0.1)], [LR], ['Name', 'lr'])).toBe(
      '| Name | lr |\n| --- | --: |\n| \\<b\\>a\\|b\\</b\\> | 0.1 |\n'
    );
  });
});

describe('Groups of a comparison', () => {
  const runs = [
    run('a', 0.1, 1),
    run('b', 0.2, 4),
    { ...run('c', 0.1, 3), params: { lr: 0.1, same: 1, seed: 2 } }
  ];
  const [one, , other] = runs as [IRun, IRun, IRun];
  const columns = compareColumns(runs, 'last');
  const told = (rows: readonly CompareRow[]): (string | number)[] =>
    rows.map(row => row.run?.run_id ?? row.group?.runs.length ?? 0);

  it('keep the order of the table, and fold', () => {
    const rows = compareRows(runs, 'params.lr', columns, new Set());
    expect(told(rows)).toEqual([2, 'a', 'c', 1, 'b']);
    const folded = compareRows(runs, 'params.lr', columns, new Set([rows[0]?.key ?? '']));
    expect(told(folded)).toEqual([2, 1, 'b']);
    expect(told(compareRows(runs, BY_SEEDS, columns, new Set()))).toEqual([2, 'a', 'c', 1, 'b']);
    expect(told(compareRows(runs, 'params.gone', columns, new Set()))).toEqual(['a', 'b', 'c']);
  });

  it('have the means of what differs, and what all have in common', () => {
    expect(groupFact([one, other], LOSS)).toEqual({ fact: 2, deviation: Math.SQRT2 });
    expect(groupFact([one, other], LR)).toEqual({ fact: 0.1, deviation: null });
    expect(groupFact([run('a', 'x'), run('b', 'y')], LR)).toEqual({ fact: null, deviation: null });
  });
});

describe('Runs of one name', () => {
  const marksOf = (runs: ReturnType<typeof someRun>[]): [string, string][] => [
    ...nameMarks(runs, compareColumns(runs, 'last'))
  ];
  const named = (id: string, params: Record<string, unknown>): ReturnType<typeof someRun> =>
    someRun({ run_id: id, name: 'mlp', params });

  it('are told apart by the parameter in which they differ', () => {
    const runs = [named('a', { lr: 0.1, x: 1 }), named('b', { lr: 0.01, x: 1 })];
    expect(marksOf([...runs, someRun({ run_id: 'c', name: 'other' })])).toEqual([
      ['a', 'lr=0.1'],
      ['b', 'lr=0.01']
    ]);
  });

  it('are told apart by their ids where no parameter does', () => {
    const runs = [named('abcd12', { lr: 1 }), named('abcd34', { lr: 1 }), named('ff', { lr: 2 })];
    expect(marksOf(runs)).toEqual([
      ['abcd12', 'lr=1 #abcd1'],
      ['abcd34', 'lr=1 #abcd3'],
      ['ff', 'lr=2']
    ]);
  });
});

describe('An axis', () => {
  it('is logarithmic where numbers span orders of magnitude, and only there', () => {
    expect(dimensionOf([run('a', 1e-4), run('b', 0.1)], LR)?.kind).toBe('log');
    expect(dimensionOf([run('a', 1), run('b', 2)], LR)?.kind).toBe('linear');
    expect(dimensionOf([run('a', 0), run('b', 100)], LR)?.kind).toBe('linear');
  });

  it('has categories for texts, and room around a single number', () => {
    const runs = [run('a', 'adam'), run('b', 'sgd')];
    const texts = dimensionOf(runs, LR);
    expect(texts?.categories).toEqual(['adam', 'sgd']);
    expect(texts && runs.map(one => placeOn(texts, one))).toEqual([0, 1]);
    const [low = 0, high = 0] = dimensionOf([run('a', 3)], LR)?.domain ?? [];
    expect(low).toBeLessThan(3);
    expect(high).toBeGreaterThan(3);
    expect(dimensionOf([run('a', 1, 'NaN')], LOSS)).toBeNull();
  });
});

describe('A source', () => {
  it('survives being arguments of a command', () => {
    const sources: CompareSource[] = [
      'shown',
      { runs: ['a', 'b'] },
      { filter: 'metrics.loss < 1', except: ['a'] }
    ];
    for (const source of sources) {
      expect(sourceOf(sourceArgs(source))).toEqual(source);
    }
    expect(sourceKey({ runs: ['b', 'a'] })).toBe(sourceKey({ runs: ['a', 'b'] }));
    expect(sourceOf({ runIds: [1, 2] })).toBe('shown');
  });
});

describe('A comparison', () => {
  let page: Page;

  beforeEach(async () => {
    page = await Page.open();
    page.server.runs = [run('a', 0.1, 3), run('b', 0.2, 2), run('c', 0.3, 1)];
  });

  afterEach(() => page.close());

  async function compared(): Promise<CompareModel> {
    const model = new CompareModel(page.create(), { filter: '', except: [] }, page.state);
    await model.runs.load();
    return model;
  }

  it('selects the runs within all brushes, and none by hand any more', async () => {
    const model = await compared();
    model.selection.toggle('a');
    model.brush({ 'params.lr': [0.15, 1] });
    expect([...model.selection.ids].sort()).toEqual(['b', 'c']);
    model.brush({ 'metrics.loss': [1.5, 9] });
    expect([...model.selection.ids]).toEqual(['b']);
    expect(model.drawn.map(({ run_id: id }) => id)).toEqual(['b']);
    model.brush({ 'params.lr': [0.9, 1] });
    expect(model.drawn).toEqual([]);
    model.selection.toggle('a');
    expect(model.selection.brushes.size).toBe(0);
  });

  it('tells apart the selected two, else a rerun and its original', async () => {
    page.server.runs = [
      someRun({ run_id: 'again', rerun_of: 'first', started: 30 }),
      someRun({ run_id: 'other', started: 20 }),
      someRun({ run_id: 'first', started: 10 })
    ];
    const model = await compared();
    expect(model.pair).toEqual(['first', 'again']);
    model.selection.only(['again', 'other']);
    expect(model.pair).toEqual(['other', 'again']);
    model.choosePair(['first', 'other']);
    expect(model.pair).toEqual(['first', 'other']);
  });

  it('says why it has no runs, and gets them when the server is back', async () => {
    page.server.refusal = [503, { message: 'Runlore cannot use its files', reason: 'OSError' }];
    const model = await compared();
    expect(model.runs.error?.message).toContain('cannot use its files');
    page.server.refusal = null;
    await model.runs.load();
    expect(model.runs.error).toBeNull();
    expect(model.runs.list).toHaveLength(3);
  });

  it('gets a run that was named before the server knew it', async () => {
    const [known, ...others] = page.server.runs;
    page.server.runs = others;
    const model = new CompareModel(await page.load(), { runs: ['a'] }, page.state);
    await model.runs.load();
    expect(model.runs.get('a')).toBeUndefined();
    page.server.runs = known ? [known] : [];
    page.emit({ runs: ['a'] });
    await vi.waitFor(() => expect(model.runs.get('a')).toBeDefined(), 5000);
  });

  it('asks which parameters matter once, and again when another run has ended', async () => {
    const model = await compared();
    const asked = (): number =>
      page.server.requests.filter(one => one.includes('importance')).length;
    page.server.runs = page.server.runs.map(one => ({ ...one, status: 'running' }));
    await model.runs.load();
    page.server.refusal = [503, { message: 'scikit-learn is missing', reason: 'PackageMissing' }];
    model.importance.look(model.runs.list, 'loss', 'last');
    await vi.waitFor(() => expect(model.importance.error?.message).toContain('scikit-learn'));
    model.importance.look([...model.runs.list], 'loss', 'last');
    expect(asked()).toBe(1);
    expect(page.server.bodies.at(-1)).toEqual({
      select: { runs: model.runs.list.map(one => one.run_id) },
      metric: 'loss',
      statistic: 'last'
    });
    const ended = model.runs.list.map(one => ({ ...one, status: 'finished' as const }));
    model.importance.look(ended, 'loss', 'last');
    await vi.waitFor(() => expect(asked()).toBe(2));
  });

  it('is looked at as the last one was left', async () => {
    const model = await compared();
    model.look.set({ tab: 'scatter', sort: { column: 'params.lr', descending: true } });
    const next = await compared();
    await vi.waitFor(async () => {
      await next.look.restore();
      expect(next.look.now.tab).toBe('scatter');
    });
    expect(next.sorted.map(({ run_id: id }) => id)).toEqual(['c', 'b', 'a']);
  });
});
