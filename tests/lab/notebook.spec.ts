import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { IRecordedCell } from '../../labextension/src/api/notebookTypes';
import { NotebookRecord } from '../../labextension/src/model/notebookRecord';
import { RestServer } from './server';

function recorded(change: Partial<IRecordedCell> = {}): IRecordedCell {
  return {
    cell_id: 'c1',
    source: '%%track\nx = 1',
    count: 1,
    runs: [{ run_id: 'a1', name: 'resnet', status: 'finished', started: 1000 }],
    ...change
  };
}

describe('what is recorded of a notebook', () => {
  let server: RestServer;
  let record: NotebookRecord;
  const sender = {};
  const news = new Signal<object, { runs: ReadonlySet<string> }>(sender);
  let cards: string[];

  beforeEach(async () => {
    server = await RestServer.start();
    server.notebook = {
      notebook: '/home/ada/a.ipynb',
      total: 1,
      newest: 'a1',
      cells: [recorded()]
    };
    cards = [];
    const client = server.client();
    record = new NotebookRecord({ client, news, path: () => 'a b.ipynb', cards: () => cards });
  });

  afterEach(async () => {
    record.dispose();
    await server.stop();
  });

  function mark(
    id: string,
    source: string,
    shown: string[] = []
  ): ReturnType<typeof record.markOf> {
    return record.markOf({ id, source, cards: shown });
  }

  async function look(): Promise<void> {
    record.setInView(true);
    await vi.waitFor(() => expect(record.recordedAs).toBe('/home/ada/a.ipynb'));
  }

  it('is asked for once the notebook is in view', async () => {
    expect(mark('c1', '%%track\nx = 1')).toBeNull();
    await new Promise(done => setTimeout(done, 50));
    expect(server.requests).toEqual([]);
    await look();
    expect(server.requests).toEqual(['GET cells?path=a+b.ipynb']);
    expect(record.newest).toBe('a1');
    expect(record.total).toBe(1);
  });

  it('tells recorded cells, edited ones and others apart', async () => {
    await look();
    expect(mark('c1', '%%track\nx = 1')).toMatchObject({ isEdited: false, count: 1 });
    expect(mark('c1', '%%track\nx = 1\n')?.isEdited).toBe(false);
    expect(mark('c1', '%%track\nx = 2')?.isEdited).toBe(true);
    expect(mark('c2', '%%track\nx = 1')).toBeNull();
  });

  it('knows a cell by the card that it shows', async () => {
    cards = ['a1', 'a1', 'b2'];
    server.notebook = { ...server.notebook, cells: [recorded({ cell_id: 'before' })] };
    await look();
    expect(server.requests).toEqual(['GET cells?path=a+b.ipynb&run=a1&run=b2']);
    expect(mark('now', '%%track\nx = 1', ['b2', 'a1'])?.isEdited).toBe(false);
    expect(mark('now', '%%track\nx = 1')).toBeNull();
  });

  it('claims no edit where the source is lost', async () => {
    server.notebook = { ...server.notebook, cells: [recorded({ source: null })] };
    await look();
    expect(mark('c1', 'anything')?.isEdited).toBe(false);
  });

  it('follows news, but not of other notebooks for ever', async () => {
    await look();
    const { runs: before } = recorded();
    const runs = [...before.map(run => ({ ...run, run_id: 'a2', name: 'again' })), ...before];
    server.notebook = { ...server.notebook, cells: [recorded({ count: 2, runs })] };
    news.emit({ runs: new Set(['a2', 'foreign']) });
    await vi.waitFor(() => expect(mark('c1', '')?.count).toBe(2));
    expect(server.requests.length).toBe(2);
    news.emit({ runs: new Set(['foreign']) });
    await new Promise(done => setTimeout(done, 1200));
    expect(server.requests.length).toBe(2);
  });

  it('asks later for what was missed out of view', async () => {
    await look();
    record.setInView(false);
    news.emit({ runs: new Set(['a9']) });
    await new Promise(done => setTimeout(done, 50));
    expect(server.requests.length).toBe(1);
    record.setInView(true);
    await vi.waitFor(() => expect(server.requests.length).toBe(2));
  });

  it('is silent while the server is away, and asks again with the next news', async () => {
    server.refusal = [502, '<html>Bad gateway</html>'];
    record.setInView(true);
    await vi.waitFor(() => expect(server.requests.length).toBe(1));
    expect(mark('c1', '')).toBeNull();
    server.refusal = null;
    news.emit({ runs: new Set(['a1']) });
    await vi.waitFor(() => expect(mark('c1', '')).not.toBeNull());
  });

  it('hears nothing once it is disposed of', async () => {
    await look();
    record.dispose();
    news.emit({ runs: new Set(['a2']) });
    await new Promise(done => setTimeout(done, 1200));
    expect(server.requests.length).toBe(1);
  });
});
