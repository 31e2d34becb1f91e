import { describe, expect, it } from 'vitest';

import { nearestLine } from '../../labextension/src/panels/compare/nearestLine';

describe('the line that is pointed at', () => {
  const lines = {
    axes: [0, 100, 200],
    heights: new Map([
      ['flat', [10, 10, 10]],
      ['steep', [20, 1020, 20]],
      ['broken', [50, null, 50]],
      ['late', [null, 60, 80]]
    ])
  };

  it('is the nearest, not farther than a hand is from where it means to be', () => {
    expect(nearestLine(lines, 150, 11)).toBe('flat');
    expect(nearestLine(lines, 150, 70)).toBe('late');
    expect(nearestLine(lines, 150, 40)).toBeNull();
  });

  it('is met beside a steep line, too', () => {
    expect(nearestLine(lines, 50, 520 + 30)).toBe('steep');
    expect(nearestLine(lines, 50, 520 + 100)).toBeNull();
  });

  it('is none beyond the axes, and where a run has nothing', () => {
    expect(nearestLine(lines, -3, 10)).toBeNull();
    expect(nearestLine(lines, 203, 10)).toBeNull();
    expect(nearestLine(lines, 50, 50)).toBeNull();
    expect(nearestLine({ axes: [0], heights: new Map([['one', [1]]]) }, 0, 1)).toBeNull();
  });
});
