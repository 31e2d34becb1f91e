import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';
import { describe, expect, it, vi } from 'vitest';

import { RefusedError } from '../../labextension/src/api/errors';
import { IJob, IRun } from '../../labextension/src/api/types';
import { DEFAULT_CHOICE } from '../../labextension/src/model/choices';
import { ColumnsModel } from '../../labextension/src/model/columns';
import { MarksModel } from '../../labextension/src/model/marks';
import { RunsModel } from '../../labextension/src/model/runs';
import { SearchModel } from '../../labextension/src/model/search';
import { IView } from '../../labextension/src/model/view';
import { JobsView } from '../../labextension/src/panels/jobs/view';
import { ErrorState } from '../../labextension/src/panels/marks/states';
import { IRunsActions, RunsView } from '../../labextension/src/panels/runs/view';
import { manyRuns, someJob, someRun, someSummary, someVerdict } from './runs';
import { RestServer } from './server';

const trans = nullTranslator.load('runlore');
const view: IView = {
  experiment: 'digits',
  choice: DEFAULT_CHOICE,
  runs: [],
  styles: new Map([['r1', { color: 3, dash: 'solid' }]]),
  metrics: ['loss'],
  metric: 'loss',
  charts: ['loss']
};

interface IShown {
  runs: RunsModel;
  actions: Record<keyof IRunsActions, ReturnType<typeof vi.fn>>;
}

/** The rows of runs, as they stand. */
function runRows(): HTMLElement[] {
  return screen.getAllByRole('row').filter(row => row.dataset.runloreRun !== undefined);
}

async function showRuns(answer: IRun[] | Error | null): Promise<IShown> {
  const server = await RestServer.start();
  const runs = new RunsModel(server.client());
  const search = new SearchModel(server.client(), runs);
  if (Array.isArray(answer)) {
    server.runs = answer;
    await runs.refresh();
  }
  await server.stop();
  if (answer instanceof Error) {
    await runs.refresh();
  }
  const actions = {
    toggle: vi.fn(),
    open: vi.fn(),
    rerun: vi.fn(),
    rename: vi.fn(),
    remove: vi.fn(),
    undo: vi.fn(),
    change: vi.fn(),
    compare: vi.fn(),
    rerunMarked: vi.fn(),
    chooseColumns: vi.fn(),
    track: vi.fn(),
    retry: vi.fn()
  };
  const runlore = { runs, search, marks: new MarksModel(search), columns: new ColumnsModel(null) };
  render(<RunsView {...{ runlore, view, actions, trans }} now={1000 + 240} />);
  return { runs, actions };
}

describe('the list of runs', () => {
  it('says that it is loading, and what to do when it is empty', async () => {
    await showRuns(null);
    expect(screen.getByRole('status').textContent).toContain('Loading');
  });

  it('says what to do when it is empty', async () => {
    const { actions } = await showRuns([]);
    expect(screen.getByText('Nothing recorded yet.')).toBeTruthy();
    expect(screen.getByText(/^%load_ext runlore\s%%track/).tagName).toBe('PRE');
    fireEvent.click(screen.getByText('Track this notebook'));
    expect(actions.track).toHaveBeenCalledOnce();
  });

  it('says that nobody answers, and tries again', async () => {
    const { actions } = await showRuns(new Error());
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('The Runlore server extension does not answer');
    fireEvent.click(within(alert).getByText('Retry'));
    expect(actions.retry).toHaveBeenCalledOnce();
  });

  it('shows name, status, metric, age and verdict in words', async () => {
    const divergence = { metric: 'loss', step: 812, original: 1, rerun: 'NaN' } as const;
    await showRuns([
      someRun({
        run_id: 'r1',
        name: '<b>bold</b>',
        status: 'failed',
        metrics: { loss: someSummary({ last: 'NaN' }) },
        verdict: someVerdict({ verdict: 'DIVERGED', reason: 'loss differs', divergence })
      })
    ]);
    const row = runRows()[0] as HTMLElement;
    expect(row.dataset).toMatchObject({
      runloreRun: 'r1',
      status: 'failed',
      verdict: 'DIVERGED'
    });
    expect(row.dataset.shown).toBe('true');
    for (const text of ['<b>bold</b>', 'failed', 'NaN', '4m', '12.3 s', 'DIVERGED at step 812']) {
      expect(row.textContent).toContain(text);
    }
    expect(row.querySelector('[data-color="3"]')).not.toBeNull();
    expect(within(row).getByTitle('loss differs')).toBeTruthy();
  });

  it('raises no alarm over what came out otherwise since parameters were changed', async () => {
    const divergence = { metric: 'loss', step: 0, original: 1, rerun: 2 } as const;
    const changed = ['lr', 'net.width'];
    await showRuns([
      someRun({
        run_id: 'r1',
        verdict: someVerdict({ verdict: 'DIVERGED', reason: 'lr differs', divergence, changed })
      }),
      someRun({ run_id: 'r2', verdict: someVerdict({ verdict: 'FAILED', changed }) })
    ]);
    const [first, second] = runRows().map(row => row.querySelector('.jp-Runlore-verdict'));
    expect(first?.textContent).toBe('CHANGED: lr, net.width');
    expect(first?.getAttribute('data-verdict')).toBeNull();
    expect(first?.getAttribute('title')).toContain('lr differs');
    expect(second?.textContent).toBe('FAILED');
  });

  it('says which run MLflow alone knows, and offers no rerun of it', async () => {
    await showRuns([someRun({ run_id: 'r1', name: 'theirs', kind: 'mlflow' })]);
    const row = runRows()[0] as HTMLElement;
    fireEvent.pointerEnter(row);
    expect(within(row).getByText('MLflow').title).toContain('cannot be rerun');
    expect(within(row).queryByLabelText('Rerun theirs')).toBeNull();
    expect(within(row).getByLabelText('Details of theirs')).toBeTruthy();
  });

  it('tells a rerun from its original in words', async () => {
    const [rerun, original] = manyRuns(2).map(run => ({ ...run, name: 'resnet' }));
    await showRuns([{ ...rerun, rerun_of: 'r1' } as IRun, original as IRun]);
    const [first, second] = runRows() as [HTMLElement, HTMLElement];
    [first, second].forEach(row => fireEvent.pointerEnter(row));
    expect(within(first).getByText('rerun').title).toBe('Rerun of resnet');
    expect(within(first).getByLabelText('Details of resnet (rerun)')).toBeTruthy();
    expect(within(second).queryByText('rerun')).toBeNull();
    expect(within(second).getByLabelText('Details of resnet')).toBeTruthy();
  });

  it('is worked by keyboard', async () => {
    const { actions } = await showRuns(manyRuns(3));
    const rows = runRows();
    const [first, second] = rows as [HTMLElement, HTMLElement];
    expect(rows.map(row => row.tabIndex)).toEqual([0, -1, -1]);
    first.focus();
    fireEvent.keyDown(first, { key: 'ArrowDown' });
    expect(document.activeElement).toBe(second);
    fireEvent.keyDown(second, { key: ' ' });
    fireEvent.keyDown(second, { key: 'Enter' });
    fireEvent.keyDown(second, { key: 'r' });
    fireEvent.keyDown(second, { key: 'r', ctrlKey: true });
    expect(actions.toggle.mock.calls).toEqual([['r1']]);
    expect(actions.open.mock.calls).toEqual([['r1']]);
    expect(actions.rerun.mock.calls).toEqual([['r1']]);
    fireEvent.keyDown(second, { key: '/' });
    expect(document.activeElement).toBe(screen.getByRole('combobox', { name: 'Filter runs' }));
  });

  it('is worked by mouse', async () => {
    const { actions } = await showRuns(manyRuns(2));
    const row = runRows()[0] as HTMLElement;
    fireEvent.pointerEnter(row);
    fireEvent.click(row);
    expect(actions.toggle.mock.calls).toEqual([['r0']]);
    fireEvent.dblClick(row);
    expect(actions.open.mock.calls).toEqual([['r0']]);
    fireEvent.click(within(row).getByLabelText('Rerun run 0'));
    expect(actions.rerun.mock.calls).toEqual([['r0']]);
    expect(actions.toggle).toHaveBeenCalledOnce();
  });
});

describe('errors', () => {
  it("show the server's own words when it refused", () => {
    const error = new RefusedError('You may not read runs.', 403);
    render(<ErrorState error={error} onRetry={vi.fn()} trans={trans} />);
    expect(screen.getByRole('alert').textContent).toContain('You may not read runs.');
    expect(screen.getByRole('alert').textContent).not.toContain('does not answer');
  });
});

describe('jobs', () => {
  function showJobs(job: IJob): { stop: ReturnType<typeof vi.fn>; row: HTMLElement } {
    const stop = vi.fn();
    render(
      <JobsView jobs={[job]} actions={{ stop, open: vi.fn() }} showQueue={vi.fn()} trans={trans} />
    );
    return { stop, row: screen.getByRole('listitem') };
  }

  it('show how many cells are done, and can be stopped', () => {
    const { stop, row } = showJobs(someJob());
    expect(row.dataset).toMatchObject({ runloreJob: 'j1', state: 'running' });
    expect(row.textContent).toContain('cell 7/9');
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('6');
    fireEvent.click(screen.getByLabelText('Stop the rerun of resnet'));
    expect(stop).toHaveBeenCalledWith('j1');
  });

  it('are told of as far as there is room, those at work first, with the way to the others', () => {
    const waiting = Array.from({ length: 1000 }, (_, at) =>
      someJob({ run_id: `w${at}`, state: 'queued', number: at + 2 })
    );
    const showQueue = vi.fn();
    const actions = { stop: vi.fn(), open: vi.fn() };
    const jobs = [...waiting, someJob({ run_id: 'first', number: 1 })];
    render(<JobsView {...{ jobs, actions, showQueue, trans }} />);
    const rows = screen.getAllByRole('listitem');
    expect(rows.slice(0, 2).map(row => row.dataset.runloreJob)).toEqual(['first', 'w0']);
    expect(rows.length).toBe(31);
    fireEvent.click(screen.getByText('971 more in the queue'));
    expect(showQueue).toHaveBeenCalled();
  });

  it('tell one that its sweep pruned apart from one that was stopped', () => {
    const ended = { state: 'cancelled', ended: 2010, sweep: 's1' } as const;
    const { row: pruned } = showJobs(someJob({ ...ended, pruned_at: 4 }));
    expect(pruned.textContent).toContain('pruned at step 4');
    cleanup();
    const { row: stopped } = showJobs(someJob(ended));
    expect(stopped.textContent).toContain('stopped');
    expect(stopped.querySelector('path')?.getAttribute('d')).not.toBe(
      pruned.querySelector('path')?.getAttribute('d')
    );
  });

  it('say what they are at', () => {
    const { row } = showJobs(someJob({ stage: 'fresh seed 2 of 5' }));
    expect(row.textContent).toContain('fresh seed 2 of 5, cell 7/9');
  });

  it('show their verdict when they are done', () => {
    const { row } = showJobs(
      someJob({ state: 'succeeded', cells_done: 9, verdict: someVerdict() })
    );
    expect(row.dataset.verdict).toBe('BIT-EXACT');
    expect(row.textContent).toContain('BIT-EXACT');
    expect(screen.queryByRole('progressbar')).toBeNull();
  });

  it('say why they failed', () => {
    const { row } = showJobs(someJob({ state: 'failed', error: 'The kernel died.' }));
    expect(row.textContent).toContain('failed');
    expect(row.textContent).toContain('The kernel died.');
  });
});
