import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { RunloreClient } from '../../labextension/src/api/client';
import { IRun, IRunDetail } from '../../labextension/src/api/types';
import { ChoicesModel } from '../../labextension/src/model/choices';
import { CurvesModel } from '../../labextension/src/model/curves';
import { DetailsView, IDetailsViewProps } from '../../labextension/src/panels/details/view';
import { CommandIds } from '../../labextension/src/tokens';
import { RestServer } from './server';
import { someSurroundings } from './surroundings';
import { someDetail, someJob, someRun, someVerdict } from './runs';

const trans = nullTranslator.load('runlore');

describe('the details of a run', () => {
  let server: RestServer;
  let client: RunloreClient;
  let commands: CommandRegistry;

  beforeAll(async () => {
    server = await RestServer.start();
    client = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    server.around = someSurroundings();
    commands = new CommandRegistry();
  });

  function showDetails(
    change: Partial<IRunDetail>,
    props: Partial<IDetailsViewProps> = {}
  ): HTMLElement {
    const { container } = render(
      <DetailsView
        run={someDetail(change)}
        now={2000}
        job={undefined}
        curves={new CurvesModel(client, () => 10)}
        style={{ color: 0, dash: 'solid' }}
        host={{ choices: new ChoicesModel(null), offerCode: vi.fn() }}
        highlight={null}
        find={() => undefined}
        notes={null}
        hypothesis={null}
        provenance={client.provenance}
        rendermime={null}
        commands={commands}
        onChange={vi.fn()}
        onStop={vi.fn()}
        onOpen={vi.fn()}
        trans={trans}
        {...props}
      />
    );
    return container;
  }

  const openTab = (name: string): void => {
    fireEvent.click(screen.getByRole('tab', { name }));
  };

  it('tell name, status, verdict with its causes, kernel, and rerun', () => {
    const onRerun = vi.fn();
    commands.addCommand(CommandIds.rerun, { execute: onRerun });
    const verdict = someVerdict({
      verdict: 'UNVERIFIABLE',
      reason: 'Nothing to compare.',
      causes: ['numpy 2.1 then, 2.2 now']
    });
    const page = showDetails({ verdict });
    for (const text of [
      'resnet',
      'finished',
      'UNVERIFIABLE',
      'Nothing to compare.',
      'kernel python3'
    ]) {
      expect(page.textContent).toContain(text);
    }
    expect(page.textContent).toContain('numpy 2.1 then, 2.2 now');
    fireEvent.click(screen.getByRole('button', { name: 'Rerun' }));
    expect(onRerun).toHaveBeenCalledWith({ runId: 'a1' });
  });

  it('begin with parameters, metrics, randomness and what is missing', () => {
    const page = showDetails({
      params: { lr: 0.001, layers: [64, 64], kind: '<i>x</i>' },
      seed: 7,
      not_captured: [{ what: 'files', why: 'not watched' }],
      error: { name: 'ValueError', message: 'no', traceback: 'Traceback…' }
    });
    for (const text of [
      '0.001',
      '[64,64]',
      '<i>x</i>',
      '0.1981',
      'seed7',
      'abc',
      'not watched',
      'Traceback…'
    ]) {
      expect(page.textContent).toContain(text);
    }
    expect(page.querySelector('i')).toBeNull();
  });

  it('leave out what MLflow does not tell of a run of its own', () => {
    const page = showDetails({
      kind: 'mlflow',
      metrics: { loss: { last: 0.5, best: null, min: null, max: null, count: null, step: 7 } },
      git: { root: '', commit: 'c0ffee', branch: null, dirty: null, patch: null }
    });
    expect(screen.getByRole('table', { name: 'Metrics' }).textContent).toContain('0.5000––––7');
    expect(screen.queryByRole('button', { name: 'Rerun' })).toBeNull();
    openTab('Data and environment');
    expect(page.textContent).toContain('working tree–');
  });

  it('show the cells in executed order, those of the run marked, and what became of them', async () => {
    const page = showDetails({});
    openTab('Code');
    const cells = await screen.findAllByRole('listitem');
    expect(cells.map(cell => [cell.dataset.outcome, cell.dataset.ofRun])).toEqual([
      ['error', 'false'],
      ['ok', 'true']
    ]);
    expect(page.textContent).toContain('raised an error');
    expect(page.textContent).toContain('fit()');
    expect(cells.map(cell => cell.dataset.unneeded)).toEqual(['true', 'false']);
    expect(cells[0]?.textContent).toContain('deleted since');
    fireEvent.change(screen.getByRole('combobox'), { target: { value: 'needed' } });
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
  });

  it('show the cells where nobody can mark them', async () => {
    server.around = {};
    const page = showDetails({});
    openTab('Code');
    expect(await screen.findAllByRole('listitem')).toHaveLength(2);
    expect(page.textContent).toContain('There is nothing around a1');
  });

  it('take highlighted code only as an addition to the plain one', async () => {
    const highlight = vi.fn((code: string, node: HTMLElement) => {
      node.className = 'colored';
      node.textContent = code;
      return code === '1/0' ? Promise.reject(new Error('no parser')) : Promise.resolve();
    });
    const page = showDetails({}, { highlight });
    openTab('Code');
    await vi.waitFor(() => expect(page.querySelectorAll('.colored')).toHaveLength(1));
    expect(page.querySelector('.colored')?.textContent).toBe('fit()');
    expect(page.textContent).toContain('1/0');
  });

  it('show environment, git and packages that can be filtered', () => {
    const page = showDetails({
      environment: {
        python: '3.11.7',
        platform: 'Linux',
        packages: { numpy: '2.1', torch: '2.13' },
        hardware: { cores: 8 },
        variables: { OMP_NUM_THREADS: '4' }
      },
      git: { root: '/x', commit: 'c0ffee', branch: 'main', dirty: true, patch: '+<b>new</b>' }
    });
    openTab('Data and environment');
    for (const text of [
      '3.11.7',
      'c0ffee',
      'changed since the commit',
      '+<b>new</b>',
      'OMP_NUM_THREADS'
    ]) {
      expect(page.textContent).toContain(text);
    }
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'TOR' } });
    const packages = screen.getByRole('table', { name: 'Packages' });
    expect(packages.textContent).toBe('torch2.13');
  });

  it('link to the original and to the reruns', () => {
    const onOpen = vi.fn();
    const find = (id: string): IRun | undefined =>
      id === 'p1' ? someRun({ name: 'base' }) : undefined;
    showDetails({ rerun_of: 'p1', reruns: ['q1'] }, { onOpen, find });
    openTab('Lineage');
    fireEvent.click(screen.getByRole('button', { name: 'base' }));
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(onOpen.mock.calls).toEqual([['p1'], ['q1']]);
  });

  it('say in the header what a rerun repeats', () => {
    const onOpen = vi.fn();
    showDetails({ rerun_of: 'p1' }, { onOpen, find: () => someRun({ name: 'base' }) });
    fireEvent.click(screen.getByRole('button', { name: 'rerun of base' }));
    expect(onOpen).toHaveBeenCalledWith('p1');
    expect(screen.getByRole('tablist', { name: 'Details of resnet (rerun)' })).toBeTruthy();
  });

  it('say so where there is nothing', () => {
    const page = showDetails({ metrics: {}, params: {}, cells: [] });
    expect(page.textContent).toContain('None were logged.');
    for (const [tab, text] of [
      ['Code', 'No cell recorded'],
      ['Data and environment', 'The environment was not captured.'],
      ['Artifacts', 'No artifacts'],
      ['Lineage', 'Not rerun yet'],
      ['Logs', 'No cell recorded']
    ] as const) {
      openTab(tab);
      expect(page.textContent).toContain(text);
    }
  });

  it('move between tabs by arrow keys', () => {
    showDetails({});
    fireEvent.keyDown(screen.getByRole('tab', { name: 'Overview' }), { key: 'ArrowLeft' });
    expect(screen.getByRole('tab', { name: 'Logs' }).getAttribute('aria-selected')).toBe('true');
    expect(document.activeElement?.textContent).toBe('Logs');
  });

  it('show the progress of a rerun, and stop it', () => {
    const onStop = vi.fn();
    const page = showDetails({}, { job: someJob(), onStop });
    expect(page.textContent).toContain('cell 7/9');
    fireEvent.click(screen.getByLabelText('Stop the rerun of resnet'));
    expect(onStop).toHaveBeenCalledWith('j1');
  });
});
