import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import {
  formatDeviation,
  formatDuration,
  formatSize,
  formatParameter,
  formatValue
} from '../../labextension/src/charts/format';
import { spreadLabels } from '../../labextension/src/charts/labels';
import {
  axisWidth,
  chartLayout,
  hidesLastTick,
  IRanges,
  labelWidth,
  placeLabels
} from '../../labextension/src/charts/layout';
import { absence } from '../../labextension/src/charts/absence';
import { tickCount } from '../../labextension/src/charts/ticks';
import { Range } from '../../labextension/src/charts/scale';
import { smooth } from '../../labextension/src/charts/smoothing';
import { sparkPath } from '../../labextension/src/charts/sparkline';
import { IDrawing, timeUnit } from '../../labextension/src/charts/drawing';
import {
  chartTraces,
  ILine,
  lastPoint,
  linePoints,
  lineTitle
} from '../../labextension/src/charts/traces';

const drawing: IDrawing = {
  x: 'step',
  logX: false,
  log: false,
  smoothing: 0,
  unit: 1,
  unitName: 's'
};
const theme = {
  font: 'x',
  text: '#000',
  grid: '#000',
  axis: '#000',
  runs: ['#010101', '#020202']
};
const size = { width: 300, height: 230 };

function line(values: readonly number[], name = 'run', seconds = 1): ILine {
  return {
    curve: {
      runId: name,
      metric: 'loss',
      count: values.length,
      next: values.length,
      step: Float64Array.from(values, (_, index) => index),
      time: Float64Array.from(values, (_, index) => 1000 + index * seconds),
      value: Float64Array.from(values)
    },
    name,
    mark: '',
    style: { color: 1, dash: 'dash' },
    started: 1000,
    isLive: false
  };
}

describe('points', () => {
  it('that are not finite are gaps', () => {
    const { raw } = linePoints(line([1, NaN, Infinity, -Infinity, 2]), drawing);
    expect([...raw]).toEqual([1, NaN, NaN, NaN, 2]);
  });

  it('that go back begin another line', () => {
    const again = line([3, 2, 1, 6, 5, 4]);
    again.curve.step = Float64Array.of(0, 1, 2, 0, 1, 2);
    const { x, y } = linePoints(again, drawing);
    expect([...x]).toEqual([0, 1, 2, 0, 0, 1, 2]);
    expect([...y]).toEqual([3, 2, 1, NaN, 6, 5, 4]);
    expect(linePoints(again, { ...drawing, x: 'time' }).y).toHaveLength(6);
  });

  it('lie at the time since the start of their run', () => {
    const lines = [line([1, 2, 3], 'run', 3600)];
    const unit = timeUnit(lines);
    expect(unit.name).toBe('min');
    const { x } = linePoints(lines[0] as ILine, { ...drawing, x: 'time', unit: unit.seconds });
    expect([...x]).toEqual([0, 60, 120]);
  });

  it('end with the last one that is drawn', () => {
    const points = linePoints(line([3, 2, -1, NaN]), drawing);
    expect(lastPoint(points, false, Infinity)).toEqual({ x: 2, y: -1 });
    expect(lastPoint(points, true, Infinity)).toEqual({ x: 1, y: 2 });
    expect(lastPoint(points, false, 0.5)).toEqual({ x: 0, y: 3 });
    expect(lastPoint(linePoints(line([NaN]), drawing), false, Infinity)).toBeNull();
  });
});

describe('smoothing', () => {
  it('keeps a constant, gaps and the order of magnitude of the first point', () => {
    expect([...smooth(Float64Array.of(2, 2, NaN, 2), 0.9)]).toEqual([2, 2, NaN, 2]);
    const [first, second] = smooth(Float64Array.of(10, 0), 0.5);
    expect(first).toBe(10);
    expect(second).toBeCloseTo(10 / 3);
  });
});

describe('traces', () => {
  it('draw the raw line behind a smoothed one, in the colour and dash of the run', () => {
    const lines = [line(Array.from({ length: 100 }, (_, index) => index))];
    const points = lines.map(one => linePoints(one, { ...drawing, smoothing: 0.5 }));
    const traces = chartTraces(lines, points, theme);
    expect(traces.map(trace => [trace.line.dash, trace.line.color, trace.opacity])).toEqual([
      ['solid', '#020202', 0.3],
      ['dash', '#020202', 1]
    ]);
  });

  it('mark points that no line reaches', () => {
    const values = Array.from({ length: 100 }, (_, index) => (index % 10 === 5 ? index : NaN));
    const lines = [line(values)];
    const points = lines.map(one => linePoints(one, drawing));
    const [trace] = chartTraces(lines, points, theme);
    expect(trace?.mode).toBe('lines+markers');
    const sizes = trace?.marker.size as number[];
    expect([sizes[5], sizes[6]]).toEqual([4, 0]);
  });

  it('mark the points of short lines, unless there are very many', () => {
    const modes = (count: number): Set<string> => {
      const lines = Array.from({ length: count }, () => line([3, 2, 1, 0]));
      const points = lines.map(one => linePoints(one, drawing));
      return new Set(chartTraces(lines, points, theme).map(trace => trace.mode));
    };
    expect(modes(10)).toEqual(new Set(['lines+markers']));
    expect(modes(200)).toEqual(new Set(['lines']));
  });
});

describe('labels', () => {
  it('keep apart, in order and within the chart', () => {
    const labels = [100, 101, 102, 219].map((top, index) => ({ index, top }));
    const tops = spreadLabels(labels, 14, [8, 208]).sort((a, b) => a.top - b.top);
    expect(tops.map(label => label.index)).toEqual([0, 1, 2, 3]);
    tops.slice(1).forEach((label, at) => {
      expect(label.top - (tops[at]?.top ?? 0)).toBeGreaterThanOrEqual(14);
    });
    expect(tops.at(-1)?.top).toBe(208);
  });

  it('stand beside the ends of their lines, on a logarithmic axis as well', () => {
    const points = [linePoints(line([100, 10, 1]), drawing)];
    const at = (log: boolean, y: [number, number]): number | undefined =>
      placeLabels(points, size, { ...drawing, log }, { x: [0, 2], y })[0]?.top;
    expect(at(false, [1, 100])).toBe(size.height - 22);
    expect(at(true, [-2, 2])).toBe((8 + size.height - 22) / 2);
    expect(at(false, [50, 100])).toBeUndefined();
  });

  it('are for up to five lines that have names', () => {
    const named = (count: number): ILine[] => Array.from({ length: count }, () => line([1], 'run'));
    expect(labelWidth(named(5), size)).toBeGreaterThan(0);
    expect(labelWidth(named(6), size)).toBe(0);
    expect(labelWidth([line([1], '')], size)).toBe(0);
    expect(labelWidth([line([1], 'x'.repeat(500))], size)).toBeLessThan(size.width / 3);
  });

  it('keep room for what tells a rerun from its original', () => {
    const long = line([1], 'x'.repeat(500));
    const rerun = { ...long, mark: '(rerun)' };
    expect(lineTitle(rerun)).toBe(`${long.name} (rerun)`);
    expect(labelWidth([long, rerun], size)).toBeGreaterThan(labelWidth([long], size));
  });
});

describe('the axis of values', () => {
  const axis = (y: Range, change: Partial<IDrawing> = {}): Record<string, unknown> => {
    const how = { ...drawing, ...change };
    const { yaxis } = chartLayout(theme, size, how, 0, { x: [0, 1], y });
    return yaxis as Record<string, unknown>;
  };

  it('has exponents where values are very great or small', () => {
    expect(axis([0, 0.002])).toMatchObject({ exponentformat: 'e', minexponent: 3 });
    expect(axis([0, 20_000])).toMatchObject({ exponentformat: 'e', minexponent: 4 });
    expect(axis([-2, 0], { log: true }).tickformat).toBe('~g');
    expect(axis([-6, 0], { log: true }).tickformat).toBe('~e');
  });

  it('gets the room that its values need', () => {
    const width = (low: number, high: number): number => axisWidth([low, high], drawing);
    expect(width(0, 1)).toBe(width(0, 20));
    expect(width(0, 1.5e-4)).toBeGreaterThan(width(0, 1));
    expect(width(1_234_000, 1_235_000)).toBeGreaterThan(width(0, 1.5e-4));
    expect(width(1e9, 1e9 + 1e-3)).toBeLessThan(size.width / 3);
    const ranges: IRanges = { x: [0, 1], y: [0, 1.5e-4] };
    const { margin } = chartLayout(theme, size, drawing, 0, ranges) as { margin: { l: number } };
    expect(margin.l).toBe(width(0, 1.5e-4));
  });

  it('has as many marks as there is room for', () => {
    expect(tickCount(400, 30)).toBe(5);
    expect(tickCount(75, 30)).toBe(2);
    expect(tickCount(10, 30)).toBe(2);
    expect(axis([0, 1]).nticks).toBe(5);
    expect(axis([-1, 0.1], { log: true }).nticks).toBe(3);
    expect(axis([-4, 0], { log: true }).nticks).toBe(5);
  });
});

describe('the title of the horizontal axis', () => {
  const hides = (high: number, labels = 0, change: Partial<IDrawing> = {}): boolean =>
    hidesLastTick('step', size, { ...drawing, ...change }, labels, { x: [0, high], y: [0, 1] });

  it('stands below the axis unless it would hide the last value there', () => {
    expect([hides(299), hides(300), hides(310)]).toEqual([false, true, true]);
    expect([hides(3), hides(2.4)]).toEqual([true, false]);
    expect(hides(300, 60)).toBe(false);
    expect(hides(299, 0, { x: 'wall' })).toBe(true);
  });
});

describe('a chart in which nothing can be drawn', () => {
  const why = (values: readonly number[], change: Partial<IDrawing> = {}): string | null => {
    const how = { ...drawing, ...change };
    return absence([linePoints(line(values), how)], how, nullTranslator.load(''));
  };

  it('says why', () => {
    expect(why([])).toBeNull();
    expect(why([NaN, 1])).toBeNull();
    expect(why([NaN, Infinity])).toContain('NaN');
    expect(why([-1, 0])).toBeNull();
    expect(why([-1, 0], { log: true })).toContain('above 0');
    expect(why([1, 2], { x: 'epoch' })).toContain('epoch');
  });
});

describe('sparklines', () => {
  it('break at gaps and need two points', () => {
    expect(sparkPath([1, null, 3, 2], 32, 12)).toBe('M1.0,11.0M21.0,1.0L31.0,6.0');
    expect(sparkPath([1], 32, 12)).toBe('');
    expect(sparkPath([null, null], 32, 12)).toBe('');
    expect(sparkPath([5, 5], 32, 12)).toBe('M1.0,6.0L31.0,6.0');
  });
});

describe('formats', () => {
  it.each([
    [0.198123, '0.1981'],
    [-0.5, '−0.5000'],
    [12, '12'],
    [1234.567, '1235'],
    [0.0000123456, '1.235e−5'],
    [1234567.8, '1.235e6'],
    [0, '0'],
    [NaN, 'NaN'],
    [-Infinity, '−∞']
  ])('show the value %d as %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });

  it('are of parameters as the code has them', () => {
    const all = [0.05, 100, 1e-5, 0.0537012, 1.5e7, NaN].map(formatParameter);
    expect(all).toEqual(['0.05', '100', '1e−5', '0.0537', '1.5e7', 'NaN']);
  });

  it('say how far values lie apart in two digits', () => {
    const all = [0, 0.01234, 1.96, 104, 12345, 1.26e-6, 3.14e7].map(formatDeviation);
    expect(all).toEqual(['0', '0.012', '2', '100', '12000', '1.3e−6', '3.1e7']);
  });

  it.each([
    [0.0034, '3 ms'],
    [2.5, '2.50 s'],
    [12.34, '12.3 s'],
    [59.97, '1 min'],
    [245, '4 min 5 s'],
    [12000, '3 h 20 min'],
    [187200, '2 d 4 h']
  ])('show %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([
    [812, '812 B'],
    [3400, '3.4 kB'],
    [123456789, '123 MB'],
    [5e12, '5000 GB']
  ])('show %d bytes as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});
