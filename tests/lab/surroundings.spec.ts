import { describe, expect, it, vi } from 'vitest';

import { DraftModel } from '../../labextension/src/model/draft';
import { graphOf, neighbour } from '../../labextension/src/model/graph';
import { notebookCells, previewKind } from '../../labextension/src/model/preview';
import { someNode, someSurroundings } from './surroundings';

describe('a draft', () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
    removeItem: (key: string) => void kept.delete(key)
  };

  it('is kept until it is saved, whatever becomes of the page', async () => {
    const save = vi.fn(() => Promise.reject(new Error('away')));
    const draft = new DraftModel({ saved: 'old', save, store, key: 'k' });
    draft.edit('new');
    await draft.flush();
    expect([draft.state, draft.error?.message]).toEqual(['failed', 'away']);
    const later = vi.fn((text: string) => Promise.resolve(text));
    const again = new DraftModel({ saved: 'old', save: later, store, key: 'k' });
    expect(again.text).toBe('new');
    await again.flush();
    expect([again.state, kept.size]).toEqual(['saved', 0]);
    expect(later).toHaveBeenCalledWith('new', 'old');
    draft.told('new', Date.now());
    expect(draft.state).toBe('saved'); // it was sent from here, though no answer came
    draft.dispose();
  });

  it('replaces nothing that others wrote, nor is replaced by it, before the user says so', async () => {
    let has = 'old';
    const save = vi.fn((text: string, seen: string) => {
      has = seen === has ? text : has;
      return Promise.resolve(has);
    });
    const draft = new DraftModel({ saved: has, save, store, key: 'o' });
    draft.edit('mine');
    has = 'theirs'; // of which nobody tells
    await draft.flush();
    expect([draft.text, draft.theirs, has]).toEqual(['mine', 'theirs', 'theirs']);
    await draft.flush();
    expect(save).toHaveBeenCalledTimes(1);
    const again = new DraftModel({ saved: has, save, store, key: 'o' });
    expect([again.text, again.state]).toEqual(['mine', 'disputed']);
    again.settle('both');
    await vi.waitFor(() => expect([again.state, has]).toEqual(['saved', 'both']));
    again.told('before it was saved', Date.now() - 1000);
    expect(again.text).toBe('both');
    again.told('later', Date.now() + 1);
    expect([again.text, again.state]).toEqual(['later', 'saved']);
  });
});

describe('the lineage', () => {
  it('goes from left to right, and by the arrow keys', () => {
    const lineage = someSurroundings().lineage;
    const graph = graphOf(lineage ?? { ...EMPTY, nodes: [] });
    expect(graph.placed.map(({ node, column }) => [node.id, column])).toEqual([
      ['w1', -2],
      ['f1', -1],
      ['a1', 0]
    ]);
    expect(neighbour(graph, 'a1', 'ArrowLeft')?.node.id).toBe('f1');
    expect(neighbour(graph, 'a1', 'ArrowRight')).toBeUndefined();
  });

  it('ends where a run wrote what it read', () => {
    const edges = [
      { source: 'a', target: 'f', tie: 'wrote' as const },
      { source: 'f', target: 'a', tie: 'read' as const }
    ];
    const graph = graphOf({
      ...EMPTY,
      nodes: [someNode({ id: 'a' }), someNode({ id: 'f' })],
      edges
    });
    expect(graph.placed).toHaveLength(2);
    expect(graph.edges).toHaveLength(2);
  });
});

const EMPTY = { center: 'a', nodes: [], edges: [], left_out_files: 0, left_out_runs: 0 };

describe('a preview', () => {
  it('is chosen by the end of the name, and never executes', () => {
    const kind = (path: string, type = 'application/octet-stream'): string =>
      previewKind({ path, media_type: type, size: 1, digest: '', time: 0 });
    expect(
      ['a.PNG', 'b/c.csv', 'd.ipynb', 'e.svg', 'f.html', 'g.bin'].map(path => kind(path))
    ).toEqual(['image', 'table', 'notebook', 'svg', 'text', 'none']);
    expect(kind('model', 'text/plain')).toBe('text');
  });

  it('takes nothing but a notebook for one', () => {
    expect([notebookCells('no'), notebookCells('[]'), notebookCells('{"cells": 1}')]).toEqual([
      null,
      null,
      null
    ]);
    expect(notebookCells('{"cells": [{"cell_type": "code", "source": ["a", "b"]}, 3]}')).toEqual([
      { type: 'code', source: 'ab', count: null, outputs: [] }
    ]);
  });
});
