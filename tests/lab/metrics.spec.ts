import { describe, expect, it } from 'vitest';

import { metricGroups, openGroups } from '../../labextension/src/model/metricGroups';
import { wordMatcher } from '../../labextension/src/model/words';

describe('many metrics', () => {
  it('are grouped by what stands before the slash, in their order', () => {
    const groups = metricGroups(['loss', 'train/a', 'val/a', 'train/b/c', 'acc', '/odd']);
    expect(groups).toEqual([
      { name: '', metrics: ['loss', 'acc', '/odd'] },
      { name: 'train', metrics: ['train/a', 'train/b/c'] },
      { name: 'val', metrics: ['val/a'] }
    ]);
  });

  it('are not grouped where that would part nothing, or everything', () => {
    const each = Array.from({ length: 100 }, (_, index) => `class${index}/f1`);
    for (const metrics of [['train/a', 'train/b'], ['a', 'b'], each, []]) {
      expect(metricGroups(metrics)).toEqual([{ name: '', metrics }]);
    }
  });

  it('have their first groups open, as many as there is room for', () => {
    const names = ['a', 'b', 'c'].flatMap(group => [1, 2, 3].map(at => `${group}/${at}`));
    const groups = metricGroups(names);
    const open = (room: number): string[] => [...openGroups(groups, room)].map(one => one.name);
    expect(open(1)).toEqual(['a']);
    expect(open(4)).toEqual(['a', 'b']);
    expect(open(100)).toEqual(['a', 'b', 'c']);
  });

  it('are found by words in any order and case', () => {
    const names = ['train/Loss', 'val/loss', 'val/f1'];
    const found = (text: string): string[] => names.filter(wordMatcher(text));
    expect(found('')).toEqual(names);
    expect(found(' loss  VAL ')).toEqual(['val/loss']);
    expect(found('nothing')).toEqual([]);
  });
});
