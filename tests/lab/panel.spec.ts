import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Runlore } from '../../labextension/src/model/runlore';
import { rerun } from '../../labextension/src/panels/jobs/rerun';
import { RunlorePanel } from '../../labextension/src/panels/sidebar/panel';
import { Page } from './page';
import { manyRuns, someJob, someRun, someVerdict } from './runs';
import { RestServer } from './server';

let page: Page;
let server: RestServer;
let runlore: Runlore;

beforeEach(async () => {
  page = await Page.open();
  server = page.server;
  runlore = page.create();
});

afterEach(() => page.close());

describe('the sidebar', () => {
  let panel: RunlorePanel;

  beforeEach(() => {
    const actions = {
      open: vi.fn(),
      rerun: vi.fn(),
      rerunMarked: vi.fn(),
      showQueue: vi.fn(),
      stop: vi.fn(),
      compare: vi.fn()
    };
    panel = new RunlorePanel({ runlore, actions, translator: nullTranslator });
  });

  afterEach(() => panel.dispose());

  const rows = (): NodeListOf<HTMLElement> => panel.node.querySelectorAll('[data-runlore-run]');
  const titles = (): string[] => panel.widgets.map(widget => widget.title.label);

  it('shows the runs, and the jobs while there are any', async () => {
    server.runs = manyRuns(3);
    Widget.attach(panel, document.body);
    await vi.waitFor(() => expect(rows()).toHaveLength(3));
    expect(rows()[0]?.dataset.shown).toBe('true');
    expect(titles()).toEqual(['Curves', 'Runs']);
    server.jobs = [someJob()];
    page.emit({ jobs: ['j1'] });
    await vi.waitFor(() => expect(titles()).toEqual(['Curves', 'Runs', 'Jobs']));
    await vi.waitFor(() =>
      expect(panel.node.querySelector('[data-runlore-job]')?.textContent).toContain('cell 7/9')
    );
    server.jobs = [someJob({ state: 'succeeded', ended: 1, verdict: someVerdict() })];
    page.emit({ jobs: ['j1'] });
    await vi.waitFor(() => expect(titles()).toEqual(['Curves', 'Runs']));
  });

  it('is nothing but the way to begin while nothing is recorded', async () => {
    Widget.attach(panel, document.body);
    await vi.waitFor(() => expect(panel.node.textContent).toContain('Nothing recorded yet.'));
    expect(titles()).toEqual(['Runs']);
    expect(panel.node.querySelector<HTMLSelectElement>('.jp-Runlore-metric select')).toBeNull();
    server.runs = [someRun({ run_id: 'r0', status: 'running', metrics: {} })];
    page.emit({ runs: ['r0'] });
    await vi.waitFor(() => expect(titles()).toEqual(['Curves', 'Runs']));
    expect(panel.node.querySelector<HTMLSelectElement>('.jp-Runlore-metric select')).toBeNull();
    server.runs = [someRun({ run_id: 'r0', status: 'running' })];
    page.emit({ runs: ['r0'] });
    await vi.waitFor(() =>
      expect(panel.node.querySelector<HTMLSelectElement>('.jp-Runlore-metric select')?.value).toBe(
        'loss'
      )
    );
  });

  it('fetches nothing before it is seen nor after it is hidden', async () => {
    server.runs = manyRuns(1);
    await new Promise(resolve => setTimeout(resolve, 400));
    expect(server.requests).toEqual([]);
    Widget.attach(panel, document.body);
    await vi.waitFor(() => expect(rows()).toHaveLength(1));
    await vi.waitFor(() => expect(runlore.curves.isLoading).toBe(false));
    panel.hide();
    server.requests = [];
    page.emit({ runs: ['r0'], jobs: ['j1'] });
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(server.requests).toEqual([]);
    panel.show();
    await vi.waitFor(() => expect(server.requests).toContain('GET runs?limit=100&metric=loss'));
  });
});

describe('a refused rerun', () => {
  const trans = nullTranslator.load('runlore');
  const dialog = (): HTMLElement | null => document.querySelector('.jp-Dialog');

  async function press(selector: string): Promise<void> {
    const button = await vi.waitFor(() => {
      const found = dialog()?.querySelector<HTMLElement>(selector);
      expect(found).toBeTruthy();
      return found;
    });
    button?.click();
  }

  it('says why, and offers the kernels there are', async () => {
    const message = 'The kernel torch-env is not here.';
    server.refusal = [409, { message, reason: 'no_kernel', kernels: ['python3', 'julia'] }];
    const done = rerun(runlore, 'r1', trans);
    await vi.waitFor(() => expect(dialog()?.textContent).toContain(message));
    expect([...(dialog()?.querySelectorAll('option') ?? [])].map(option => option.value)).toEqual([
      'python3',
      'julia'
    ]);
    server.refusal = null;
    await press('.jp-mod-accept');
    await done;
    expect(server.bodies).toEqual([[{ run_id: 'r1' }], [{ run_id: 'r1', kernel: 'python3' }]]);
    expect(runlore.jobs.active.map(job => job.rerun_of)).toEqual(['r1']);
  });

  it('says why when there is nothing to choose', async () => {
    server.refusal = [422, { message: 'The run has no cells to replay.' }];
    const done = rerun(runlore, 'r1', trans);
    await vi.waitFor(() =>
      expect(dialog()?.textContent).toContain('The run has no cells to replay.')
    );
    await press('button.jp-mod-accept');
    await done;
    expect(runlore.jobs.list).toEqual([]);
  });
});
