import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { IRun } from '../../labextension/src/api/types';
import { mainMetric } from '../../labextension/src/model/choices';
import { ColorsModel } from '../../labextension/src/model/colors';
import { Runlore } from '../../labextension/src/model/runlore';
import { currentView } from '../../labextension/src/model/view';
import { Page } from './page';
import { manyRuns, someRun, someSummary } from './runs';
import { RestServer } from './server';

let page: Page;
let server: RestServer;

beforeEach(async () => {
  page = await Page.open();
  server = page.server;
});

afterEach(() => page.close());

describe('selection', () => {
  it('begins with the newest run', async () => {
    server.runs = manyRuns(3);
    const { selection } = await page.load();
    expect(selection.shown).toEqual(['r0']);
  });

  it('adds a run that starts, and keeps what was picked', async () => {
    server.runs = manyRuns(3);
    const { selection } = await page.load();
    selection.toggle('r2');
    expect(selection.shown).toEqual(['r0', 'r2']);
    server.runs = [someRun({ run_id: 'new', status: 'running', started: 200000 }), ...server.runs];
    page.emit({ runs: ['new'] });
    await vi.waitFor(() => expect(selection.shown).toEqual(['r0', 'r2', 'new']));
  });

  it('lets a new run take the place of one that has ended, not of one at work', async () => {
    server.runs = manyRuns(1);
    const { selection } = await page.load();
    server.runs = [someRun({ run_id: 'n1', status: 'running', started: 200000 }), ...server.runs];
    page.emit({ runs: ['n1'] });
    await vi.waitFor(() => expect(selection.shown).toEqual(['n1']));
    server.runs = [someRun({ run_id: 'n2', status: 'running', started: 200001 }), ...server.runs];
    page.emit({ runs: ['n2'] });
    await vi.waitFor(() => expect(selection.shown).toEqual(['n1', 'n2']));
  });

  it('is restored, with runs older than the first page and without those gone', async () => {
    server.runs = manyRuns(150);
    const first = await page.load();
    await first.search.runIds(0, 150);
    ['r140', 'r2', 'r3', 'r0'].forEach(id => first.selection.toggle(id));
    expect(first.selection.shown).toEqual(['r140', 'r2', 'r3']);
    server.runs = server.runs.filter(run => run.run_id !== 'r3');
    const second = await page.load();
    expect(second.selection.shown).toEqual(['r140', 'r2']);
    expect(currentView(second).runs.map(run => run.name)).toEqual(['run 140', 'run 2']);
  });

  it('shows no newest run when that is not wanted', async () => {
    server.runs = manyRuns(3);
    const runlore = page.create();
    runlore.preferences.take({ showNewest: false });
    runlore.retain();
    await vi.waitFor(() => expect(runlore.runs.isLoaded).toBe(true));
    expect(runlore.selection.shown).toEqual([]);
  });

  it('keeps the original beside its rerun', async () => {
    server.runs = manyRuns(3);
    const runlore = await page.load();
    const [job] = await runlore.rerun([{ run_id: 'r1' }]);
    expect(job?.rerun_of).toBe('r1');
    expect(runlore.selection.shown).toContain('r1');
    expect(runlore.jobs.active).toHaveLength(1);
  });
});

describe('colours', () => {
  it('are ten for the first ten runs, and dashes after that', () => {
    const shown = Array.from({ length: 12 }, (_, index) => `r${index}`);
    const styles = [...new ColorsModel(null, () => null).styles(shown).values()];
    expect(new Set(styles.map(style => style.color)).size).toBe(10);
    const drawn = styles.map(style => `${style.color} ${style.dash}`);
    expect(new Set(drawn).size).toBe(12);
  });

  it('stay with a run across reloads and in other company', async () => {
    const before = new ColorsModel(page.state, () => null);
    before.styles(['a', 'b']);
    const color = before.styles(['b', 'c']).get('c')?.color;
    const after = new ColorsModel(page.state, () => null);
    await after.restore();
    expect(after.styles(['c']).get('c')).toEqual({ color, dash: 'solid' });
  });

  it('start anew from a state that is not theirs', async () => {
    await page.state.save('runlore:colors', { a: 'red' });
    const colors = new ColorsModel(page.state, () => null);
    await colors.restore();
    expect(colors.styles(['a']).get('a')?.color).toBe(0);
  });
});

describe('view', () => {
  it('chooses the metric chosen, else the preferred one, else a loss, else the first', () => {
    const metrics = ['acc', 'val_loss', 'f1'];
    expect(mainMetric(metrics, 'f1', 'acc')).toBe('f1');
    expect(mainMetric(metrics, 'gone', 'acc')).toBe('acc');
    expect(mainMetric(metrics, null, '')).toBe('val_loss');
    expect(mainMetric(['acc'], null, '')).toBe('acc');
    expect(mainMetric([], null, '')).toBeNull();
  });

  describe('of a run that starts', () => {
    const loss = { loss: someSummary() };
    const ended = someRun({ run_id: 'old', metrics: loss });
    const started = someRun({ run_id: 'new', status: 'running', started: 2000 });

    async function start(metrics: IRun['metrics'], ...others: IRun[]): Promise<Runlore> {
      server.runs = [ended, ...others];
      const runlore = await page.load();
      runlore.selection.toggle(ended.run_id);
      runlore.selection.pick(ended.run_id);
      others.forEach(run => runlore.selection.pick(run.run_id));
      server.runs = [{ ...started, metrics }, ...server.runs];
      page.emit({ runs: ['new'] });
      await vi.waitFor(() => expect(runlore.selection.shown).toContain('new'));
      return runlore;
    }

    it('shows its own metric', async () => {
      const runlore = await start({ reward: someSummary() });
      const view = currentView(runlore);
      expect([view.metric, view.metrics]).toEqual(['reward', ['loss', 'reward']]);
    });

    it('waits for its first point', async () => {
      expect(currentView(await start({})).metric).toBe('loss');
    });

    it('keeps the metric that the user chose', async () => {
      const runlore = await start({ reward: someSummary() });
      runlore.choices.update('digits', { metric: 'loss' });
      expect(currentView(runlore).metric).toBe('loss');
    });

    it('goes back to the one still at work when it ends', async () => {
      const working = someRun({ run_id: 'long', status: 'running', started: 1500, metrics: loss });
      const runlore = await start({ reward: someSummary() }, working);
      expect(currentView(runlore).metric).toBe('reward');
      server.runs = server.runs.map(run => ({
        ...run,
        status: run.run_id === 'long' ? 'running' : 'finished'
      }));
      page.emit({ runs: ['new'] });
      await vi.waitFor(() => expect(currentView(runlore).metric).toBe('loss'));
    });
  });

  it('remembers how the curves of an experiment are looked at', async () => {
    server.runs = [
      someRun({
        run_id: 'a',
        experiment: 'one',
        metrics: { loss: someSummary(), acc: someSummary() }
      }),
      someRun({ run_id: 'b', experiment: 'two', started: 1 })
    ];
    const first = await page.load();
    first.choices.update('one', { metric: 'acc', log: true, smoothing: 0.6 });
    const second = await page.load();
    expect(currentView(second)).toMatchObject({
      experiment: 'one',
      metric: 'acc',
      choice: { x: 'step', log: true, smoothing: 0.6 }
    });
    second.selection.only('b');
    expect(currentView(second)).toMatchObject({ metric: 'loss', choice: { log: false } });
  });
});
