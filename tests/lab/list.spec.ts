import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { IRunPage } from '../../labextension/src/api/types';
import { ColumnsModel } from '../../labextension/src/model/columns';
import { RowLoader } from '../../labextension/src/model/loader';
import { PagedRuns } from '../../labextension/src/model/pages';
import { Runlore } from '../../labextension/src/model/runlore';
import { Sections } from '../../labextension/src/model/sections';
import { chooseColumns } from '../../labextension/src/panels/runs/columnsDialog';
import { RunlorePanel } from '../../labextension/src/panels/sidebar/panel';
import { Page } from './page';
import { manyRuns, someRun } from './runs';
import { RestServer } from './server';

let page: Page;
let server: RestServer;

beforeEach(async () => {
  page = await Page.open();
  server = page.server;
});

afterEach(() => page.close());

describe('the pages of a query', () => {
  const ids = (count: number, name = 'r'): string[] =>
    Array.from({ length: count }, (_, index) => `${name}${index}`);

  it('are asked for where they are looked at and not known', () => {
    const pages = new PagedRuns();
    pages.put(0, ids(100), 1000);
    expect(pages.missing(0, 100)).toBeUndefined();
    expect(pages.missing(90, 110)).toEqual({ offset: 100, limit: 25 });
    expect(pages.missing(90, 160)).toEqual({ offset: 100, limit: 75 });
    expect(pages.missing(900, 2000)).toEqual({ offset: 900, limit: 100 });
    expect(new PagedRuns().missing(0, 50)).toBeUndefined();
  });

  it('move down when runs come on top', () => {
    const pages = new PagedRuns();
    pages.put(0, ids(100), 1000);
    pages.shift(2);
    pages.put(0, ['new1', 'new0', ...ids(98)], 1002);
    expect([pages.indexOf('r0'), pages.indexOf('r99'), pages.total]).toEqual([2, 101, 1002]);
    expect(pages.missing(0, 100)).toBeUndefined();
  });

  it('hold every run of a page that has moved by one', () => {
    const pages = new PagedRuns();
    pages.put(0, ids(100), 1000);
    pages.put(0, ['new', ...ids(99)], 1000);
    expect(Array.from({ length: 100 }, (_, at) => pages.at(at))).toEqual(['new', ...ids(99)]);
    expect([pages.indexOf('new'), pages.indexOf('r98'), pages.indexOf('r99')]).toEqual([
      ...[0, 99],
      undefined
    ]);
    expect(pages.missing(0, 100)).toBeUndefined();
  });

  it('stay as they are until they are asked for again', () => {
    const pages = new PagedRuns();
    pages.put(0, ids(100), 200);
    pages.age();
    expect([pages.at(5), pages.missing(0, 10)]).toEqual(['r5', { offset: 0, limit: 25 }]);
    pages.put(0, ids(100, 's'), 200);
    expect([pages.at(5), pages.indexOf('r5'), pages.missing(0, 10)]).toEqual([
      's5',
      undefined,
      undefined
    ]);
  });

  it('are forgotten far from what is looked at', () => {
    const pages = new PagedRuns();
    const all = ids(10000);
    for (let offset = 0; offset < all.length; offset += 100) {
      pages.put(offset, all.slice(offset, offset + 100), all.length);
    }
    const gone = pages.trim(5000, 5020);
    expect([pages.known.length, gone.length]).toEqual([3020, 6980]);
    expect([pages.at(5010), pages.at(0), pages.total]).toEqual(['r5010', undefined, 10000]);
  });
});

describe('what is loaded', () => {
  it('is what is in view, and what was left behind is given up', async () => {
    const pages = new PagedRuns();
    pages.put(0, [], 10000);
    const sections = new Sections([{ group: null, isOpen: true, pages }]);
    const asked: [offset: number, isGivenUp: () => boolean][] = [];
    const answer = (offset: number, limit: number): IRunPage => ({
      runs: manyRuns(limit).map(run => ({ ...run, run_id: `r${offset} ${run.run_id}` })),
      next: null,
      total: 10000,
      pinned: 0,
      deleted: 0
    });
    const loader = new RowLoader({
      sections: () => sections,
      fetch: async (_, { offset, limit }, signal) => {
        asked.push([offset, () => signal?.aborted === true]);
        const isFirst = asked.length === 1;
        await new Promise<void>(resolve =>
          isFirst ? signal?.addEventListener('abort', () => resolve()) : resolve()
        );
        return signal?.aborted ? undefined : answer(offset, limit);
      },
      took: vi.fn()
    });
    loader.look(1000, 1020); // is never answered
    loader.look(1005, 1024);
    expect(asked.map(([offset, isGivenUp]) => [offset, isGivenUp()])).toEqual([[1000, false]]);
    loader.look(8010, 8030);
    await waitFor(() => expect(pages.missing(7960, 8080)).toBeUndefined());
    expect(asked.slice(0, 2).map(([offset, isGivenUp]) => [offset, isGivenUp()])).toEqual([
      [1000, true],
      [8000, false]
    ]);
    expect(pages.at(1010)).toBeUndefined();
  });
});

describe('marked runs', () => {
  it('are named, or all that are found but some', async () => {
    server.runs = manyRuns(300);
    const { marks, search } = await page.load();
    marks.toggle('r3');
    marks.toggle('r4');
    marks.toggle('r3');
    expect(marks.selection).toEqual({ runs: ['r4'] });
    expect([marks.around('r4'), marks.around('r9')]).toEqual([{ runs: ['r4'] }, { runs: ['r9'] }]);
    marks.all();
    marks.toggle('r250');
    expect([marks.count, marks.has('r0'), marks.has('r250')]).toEqual([299, true, false]);
    expect(marks.selection).toEqual({ filter: '', except: ['r250'] });
    search.set({ filter: 'run 1' });
    expect(marks.count).toBe(0);
  });
});

describe('the list', () => {
  let panel: RunlorePanel;
  let runlore: Runlore;

  const rows = (): HTMLElement[] => [
    ...panel.node.querySelectorAll<HTMLElement>('[role="row"][data-runlore-key]')
  ];
  const marked = (): string[] =>
    rows().flatMap(row =>
      row.ariaSelected === 'true' || row.getAttribute('aria-selected') === 'true'
        ? [row.dataset.runloreRun ?? '']
        : []
    );

  async function show(): Promise<void> {
    runlore = page.create();
    const actions = {
      open: vi.fn(),
      rerun: vi.fn(),
      rerunMarked: vi.fn(),
      showQueue: vi.fn(),
      stop: vi.fn(),
      compare: vi.fn()
    };
    panel = new RunlorePanel({ runlore, actions, translator: nullTranslator });
    Widget.attach(panel, document.body);
    await waitFor(() => expect(rows().length).toBeGreaterThan(0));
  }

  afterEach(() => panel.dispose());

  it('has rows for what is in view alone, and says how many there are', async () => {
    server.runs = manyRuns(5000);
    await show();
    expect(rows().length).toBeLessThan(60);
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('5001');
    expect(rows()[0]?.getAttribute('aria-rowindex')).toBe('2');
  });

  it('is marked by mouse and keyboard', async () => {
    server.runs = manyRuns(12);
    await show();
    const row = (index: number): HTMLElement => rows()[index] as HTMLElement;
    fireEvent.click(row(2), { ctrlKey: true });
    await waitFor(() => expect(marked()).toEqual(['r2']));
    fireEvent.click(row(5), { shiftKey: true });
    await waitFor(() => expect(marked()).toEqual(['r2', 'r3', 'r4', 'r5']));
    expect(screen.getByText('4 runs marked')).toBeTruthy();
    fireEvent.keyDown(row(0), { key: 'Escape' });
    await waitFor(() => expect(marked()).toEqual([]));
    row(0).focus();
    fireEvent.keyDown(row(0), { key: 'ArrowDown', shiftKey: true });
    await waitFor(() => expect(marked()).toEqual(['r0', 'r1']));
    fireEvent.keyDown(row(1), { key: 'a', ctrlKey: true });
    await waitFor(() => expect(marked()).toHaveLength(12));
  });

  it('goes to the run whose name is typed', async () => {
    server.runs = ['alpha', 'beta', 'gamma', 'bert'].map((name, index) =>
      someRun({ run_id: name, name, started: 9000 - index })
    );
    await show();
    rows()[0]?.focus();
    fireEvent.keyDown(rows()[0] as HTMLElement, { key: 'b' });
    await waitFor(() => expect(document.activeElement).toBe(rows()[1]));
    fireEvent.keyDown(rows()[1] as HTMLElement, { key: 'e' });
    fireEvent.keyDown(rows()[1] as HTMLElement, { key: 'r' });
    await waitFor(() => expect(document.activeElement).toBe(rows()[3]));
  });

  it('deletes what is marked, all or nothing', async () => {
    server.runs = manyRuns(6);
    await show();
    fireEvent.click(rows()[1] as HTMLElement, { ctrlKey: true });
    fireEvent.click(rows()[3] as HTMLElement, { ctrlKey: true });
    rows()[3]?.focus();
    await waitFor(() => expect(rows()[3]?.tabIndex).toBe(0));
    server.bodies = [];
    fireEvent.keyDown(rows()[3] as HTMLElement, { key: 'Delete' });
    await waitFor(() => expect(rows()).toHaveLength(4));
    expect(server.bodies).toEqual([{ select: { runs: ['r1', 'r3'] }, change: { deleted: true } }]);
  });

  it('leaves the keyboard at the way back when its last run is deleted', async () => {
    server.runs = manyRuns(2);
    await show();
    rows()[0]?.focus();
    fireEvent.keyDown(rows()[0] as HTMLElement, { key: 'a', ctrlKey: true });
    await waitFor(() => expect(marked()).toHaveLength(2));
    fireEvent.keyDown(rows()[0] as HTMLElement, { key: 'Delete' });
    await waitFor(() => expect(rows()).toHaveLength(0));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByText('Show deleted runs')));
  });

  it('has pinned runs on top, and groups that open', async () => {
    server.runs = manyRuns(6).map((run, index) => ({
      ...run,
      experiment: index % 2 ? 'odd' : 'even'
    }));
    await show();
    await runlore.annotate({ runs: ['r4'] }, { pinned: true });
    await waitFor(() => expect(rows()[0]?.dataset.runloreRun).toBe('r4'));
    runlore.search.set({ group: 'experiment' });
    await waitFor(() =>
      expect(rows().map(row => row.getAttribute('aria-expanded'))).toEqual(['false', 'false'])
    );
    expect(rows()[1]?.textContent).toContain('odd');
    expect(rows()[1]?.textContent).toContain('3 runs');
    fireEvent.click(rows()[1] as HTMLElement);
    await waitFor(() =>
      expect(rows().map(row => row.dataset.runloreRun)).toEqual([
        undefined,
        undefined,
        'r1',
        'r3',
        'r5'
      ])
    );
  });

  it('is ordered by the head of a column, and has the columns that were chosen', async () => {
    server.runs = manyRuns(3);
    await show();
    runlore.columns.add({ kind: 'params', name: 'lr' });
    await waitFor(() =>
      expect(screen.getAllByRole('columnheader').map(head => head.textContent)).toEqual([
        'name',
        'loss',
        'lr'
      ])
    );
    expect(rows()[0]?.textContent).toContain('0.001');
    fireEvent.click(screen.getByRole('button', { name: 'lr' }));
    await waitFor(() =>
      expect(panel.node.querySelector('[aria-sort="ascending"]')?.textContent).toBe('lr')
    );
    expect(runlore.search.query.order).toBe('params.lr ASC');
    fireEvent.click(screen.getByRole('button', { name: 'lr' }));
    expect(runlore.search.query.order).toBe('params.lr DESC');
    runlore.columns.move({ kind: 'params', name: 'lr' }, -1);
    await page.state.save('other', 1);
    const again = page.create();
    await again.columns.restore();
    expect(again.columns.list.map(column => column.kind)).toEqual(['params', 'charted']);
  });
});

describe('the dialog of the columns', () => {
  it('adds at Enter the one that is looked for, and stays open', async () => {
    const params = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`p${at}`, at]));
    const columns = new ColumnsModel(null);
    const closed = vi.fn();
    void chooseColumns(columns, [someRun({ params })], 'loss', nullTranslator.load('runlore')).then(
      closed
    );
    const search = await screen.findByLabelText('Find columns');
    fireEvent.change(search, { target: { value: 'p42' } });
    fireEvent.keyDown(search, { key: 'Enter' });
    expect(columns.list.at(-1)).toEqual({ kind: 'params', name: 'p42' });
    expect(closed).not.toHaveBeenCalled();
    fireEvent.click(screen.getByText('Close'));
    await waitFor(() => expect(closed).toHaveBeenCalled());
  });
});
