import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { complete } from '../../labextension/src/model/completion';
import { Runlore } from '../../labextension/src/model/runlore';
import { RunlorePanel } from '../../labextension/src/panels/sidebar/panel';
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

/** The names of the runs in the rows, as far as they are loaded. */
function names({ search, runs }: Runlore): string[] {
  return Array.from({ length: search.rows.count }, (_, index) => search.rows.row(index)).flatMap(
    row => (row?.kind === 'run' && runs.get(row.runId ?? '')?.name) || []
  );
}

describe('a search', () => {
  it('asks the server once the typing stops, and finds runs that were not loaded', async () => {
    server.runs = manyRuns(450);
    const runlore = await page.load();
    const { runs, search } = runlore;
    expect(names(runlore)).toEqual(runs.list.map(run => run.name));
    server.requests = [];
    ['r', 'run', 'run 44'].forEach(filter => search.set({ filter }));
    await waitFor(() => expect(search.total).toBe(14));
    expect(server.requests).toEqual(['GET runs?filter=run+44&limit=100&offset=0&metric=']);
    expect(names(runlore)).toContain('run 449');
    expect(runs.get('r449')?.name).toBe('run 449');
    expect(runs.list).toHaveLength(100);
    search.reset();
    expect(search.total).toBe(450);
    expect(names(runlore)).toEqual(runs.list.map(run => run.name));
  });

  it('is ordered, and loaded page by page', async () => {
    server.runs = manyRuns(250);
    const runlore = await page.load();
    runlore.search.set({ order: 'name ASC' });
    await waitFor(() => expect(names(runlore).slice(0, 3)).toEqual(['run 0', 'run 1', 'run 10']));
    expect([runlore.search.rows.count, names(runlore).length]).toEqual([250, 100]);
    const all = await runlore.search.runIds(0, 250);
    expect([names(runlore).length, new Set(all).size]).toEqual([250, 250]);
  });

  it('follows the runs, without a request while nothing changes', async () => {
    server.runs = manyRuns(3);
    const runlore = await page.load();
    runlore.search.set({ filter: 'run' });
    await waitFor(() =>
      expect(server.requests).toContain('GET runs?filter=run&limit=100&offset=0&metric=')
    );
    await waitFor(() => expect(names(runlore)).toHaveLength(3));
    server.requests = [];
    await new Promise(resolve => setTimeout(resolve, 1300));
    expect(server.requests).toEqual([]);
    server.runs = [someRun({ run_id: 'new', name: 'a new run', started: 900000 }), ...server.runs];
    page.emit({ runs: ['new'] });
    await waitFor(() => expect(names(runlore)).toHaveLength(4));
  });
});

describe('the filter in the sidebar', () => {
  let panel: RunlorePanel;

  beforeEach(async () => {
    server.runs = manyRuns(12);
    const actions = {
      open: vi.fn(),
      rerun: vi.fn(),
      rerunMarked: vi.fn(),
      showQueue: vi.fn(),
      stop: vi.fn(),
      compare: vi.fn()
    };
    panel = new RunlorePanel({ runlore: page.create(), actions, translator: nullTranslator });
    Widget.attach(panel, document.body);
    await waitFor(() => expect(rows()).toHaveLength(12));
  });

  afterEach(() => panel.dispose());

  const rows = (): readonly Element[] => [...panel.node.querySelectorAll('[data-runlore-run]')];
  const type = (value: string): void => {
    fireEvent.change(screen.getByRole('combobox', { name: 'Filter runs' }), { target: { value } });
  };

  it('shows what is found, and says when nothing is', async () => {
    type('run 11');
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(screen.getByText('1 run')).toBeTruthy();
    type('nothing');
    await screen.findByText('No run matches');
    fireEvent.keyDown(screen.getByRole('combobox', { name: 'Filter runs' }), { key: 'Escape' });
    await waitFor(() => expect(rows()).toHaveLength(12));
  });

  it('marks the character at fault, and keeps what was found before', async () => {
    const message = "There is no field 'metric' (character 5)";
    server.refusal = [400, { message, reason: 'FilterError', position: 4 }];
    type('run metrix.loss < 1');
    const told = await screen.findByText(message, { selector: '.jp-Runlore-filter-error' });
    expect(told.querySelector('mark')?.textContent).toBe('m');
    expect(
      screen.getByRole('combobox', { name: 'Filter runs' }).getAttribute('aria-describedby')
    ).toBe(told.id);
    expect(rows()).toHaveLength(12);
    server.refusal = null;
    type('run 11');
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(panel.node.querySelector('.jp-Runlore-filter-error')).toBeNull();
  });

  it('orders by the metric that is shown', async () => {
    const order = screen.getByRole('combobox', { name: 'Order of the runs' });
    fireEvent.change(order, { target: { value: 'metrics.loss DESC' } });
    await waitFor(() =>
      expect(server.requests).toContain(
        'GET runs?order_by=metrics.loss+DESC&limit=100&offset=0&metric=loss'
      )
    );
  });
});

describe('completion', () => {
  const runs = [
    someRun({
      metrics: { loss: someSummary(), 'val loss': someSummary(), 'loss.min': someSummary() },
      params: { lr: 0.1, 'net.width': 3 },
      tags: { team: 'vision' }
    })
  ];
  const offered = (text: string): readonly string[] => complete(text, text.length, runs).options;

  it('knows the names of runs and the fields of all', () => {
    expect(offered('metrics.')).toEqual([
      'metrics.loss',
      'metrics."loss.min"',
      'metrics."val loss"'
    ]);
    expect(offered('lo')).toEqual(['metrics.loss', 'metrics."loss.min"']);
    expect(offered('name = 1 and (wid')).toEqual(['params.net.width']);
    expect(offered('nothing')).toEqual([]);
    expect(offered('dur')).toEqual(['duration']);
    expect(offered('TEA')).toEqual(['tags.team']);
  });

  it('knows the words of a field', () => {
    expect(offered('status = f')).toEqual(["'finished'", "'failed'"]);
    expect(complete("verdict != 'nu", 14, runs)).toEqual({
      start: 11,
      end: 14,
      options: ["'NUMERICALLY CLOSE'"]
    });
  });

  it('is silent within texts and where nothing was begun', () => {
    expect(["name = 'lo", 'metrics.loss < ', '', 'metrics.loss'].map(offered)).toEqual([
      [],
      [],
      [],
      ['metrics."loss.min"']
    ]);
  });
});
