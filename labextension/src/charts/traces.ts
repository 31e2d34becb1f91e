import { IRunStyle } from '../model/colors';
import { ICurve } from '../model/curve';
import { IDrawing, wallMilliseconds } from './drawing';
import { ITrace } from './plotly';
import { smooth } from './smoothing';
import { IChartTheme } from './theme';

/** Curves of at most this many points show them. */
const FEW_POINTS = 30;
/** In charts with more points than these they would hide the lines, and each is an element that the browser draws. */
const MOST_MARKED = 400;

/**
 * One run's line in a chart.
 */
export interface ILine {
  curve: ICurve;
  name: string;
  /** Words after the name that stay when the name is cut; empty for none. */
  mark: string;
  style: IRunStyle;
  /** Unix seconds; the zero of the time axis. */
  started: number;
  /** Whether more points may come. */
  isLive: boolean;
}

/** The name of a line with its mark. */
export function lineTitle(line: ILine): string {
  return `${line.name} ${line.mark}`.trimEnd();
}

/**
 * The points of a line as drawn: what cannot be drawn is NaN, a gap.
 */
export interface IPoints {
  x: Float64Array;
  raw: Float64Array;
  /** The raw values when there is no smoothing. */
  y: Float64Array;
  /** The ends of the band around the line; null for none. */
  band: { low: Float64Array; high: Float64Array } | null;
  /** Whether x never falls, so that it can be searched. */
  ascends: boolean;
}

/** The points of a line. */
export function linePoints(line: ILine, drawing: IDrawing): IPoints {
  const { curve } = line;
  const columns = [drawnX(line, drawing), finite(curve.value)];
  const [x = EMPTY, raw = EMPTY, low, high] = withBreaks(
    curve.spread ? [...columns, curve.spread.low, curve.spread.high] : columns
  );
  const smoothed = (column: Float64Array): Float64Array =>
    drawing.smoothing > 0 ? smooth(column, drawing.smoothing) : column;
  return {
    x,
    raw,
    y: smoothed(raw),
    band: low && high ? { low: smoothed(low), high: smoothed(high) } : null,
    ascends: x === columns[0]
  };
}

const EMPTY = new Float64Array();

/** The values with gaps for what cannot be drawn; the same array where all can. */
function finite(values: Float64Array): Float64Array {
  return values.every(Number.isFinite)
    ? values
    : values.map(value => (Number.isFinite(value) ? value : NaN));
}

function drawnX({ curve, started }: ILine, drawing: IDrawing): Float64Array {
  switch (drawing.x) {
    case 'step':
      return curve.step;
    case 'epoch':
      return curve.epoch ?? curve.step.map(() => NaN);
    case 'time':
      return curve.time.map(time => (time - started) / drawing.unit);
    case 'wall': {
      const shift = wallMilliseconds(started) - started * 1000;
      return curve.time.map(time => time * 1000 + shift);
    }
  }
}

/** The columns with a gap wherever the first falls: a loop that began again is another line, not one that runs back. */
function withBreaks(columns: readonly Float64Array[]): readonly Float64Array[] {
  const x = columns[0] ?? EMPTY;
  const breaks: number[] = [];
  x.forEach((at, index) => {
    if (at < (x[index - 1] ?? at)) {
      breaks.push(index);
    }
  });
  if (breaks.length === 0) {
    return columns;
  }
  const length = x.length + breaks.length;
  return columns.map(column => {
    const spaced = new Float64Array(length);
    [0, ...breaks].forEach((start, number) => {
      const end = breaks[number] ?? x.length;
      spaced.set(column.subarray(start, end), start + number);
      if (end < x.length) {
        spaced[end + number] = column === x ? (x[end] ?? NaN) : NaN;
      }
    });
    return spaced;
  });
}

/**
 * Plotly's traces: the bands, behind each smoothed line its raw one, then the lines, in the order given.
 */
export function chartTraces(
  lines: readonly ILine[],
  points: readonly IPoints[],
  theme: IChartTheme
): ITrace[] {
  const bands: ITrace[] = [];
  const behind: ITrace[] = [];
  const front: ITrace[] = [];
  const isMarked = hasPointMarks(points);
  lines.forEach((line, index) => {
    const drawn = points[index];
    if (!drawn) {
      return;
    }
    const color = theme.runs[line.style.color] ?? theme.text;
    if (drawn.band) {
      const { low, high } = drawn.band;
      const edge = { ...trace(drawn.x, low, color, 'solid', 0, isMarked), mode: 'lines' as const };
      bands.push(edge, { ...edge, y: high, fill: 'tonexty', fillcolor: translucent(color) });
    } else if (drawn.y !== drawn.raw) {
      behind.push({ ...trace(drawn.x, drawn.raw, color, 'solid', 1, isMarked), opacity: 0.3 });
    }
    front.push(trace(drawn.x, drawn.y, color, line.style.dash, 1.5, isMarked));
  });
  return [...bands, ...behind, ...front];
}

/** A colour of the style sheet, `#rrggbb`, for a surface behind lines. */
function translucent(color: string): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? `${color}33` : color;
}

function trace(
  x: Float64Array,
  y: Float64Array,
  color: string,
  dash: string,
  width: number,
  isMarked: boolean
): ITrace {
  const sizes = markerSizes(y, isMarked);
  return {
    type: 'scatter',
    mode: sizes ? 'lines+markers' : 'lines',
    x,
    y,
    opacity: 1,
    line: { color, width, dash },
    marker: { color, size: sizes ?? 0 },
    fill: 'none',
    fillcolor: 'transparent',
    connectgaps: false,
    showlegend: false,
    hoverinfo: 'skip'
  };
}

// A point between two gaps has no line to be seen by.
function markerSizes(y: Float64Array, isMarked: boolean): number[] | null {
  if (isMarked && y.length <= FEW_POINTS) {
    return Array.from(y, () => 4);
  }
  const isAlone = (_: number, index: number): boolean =>
    !isDrawn(y[index - 1]) && isDrawn(y[index]) && !isDrawn(y[index + 1]);
  return y.some(isAlone) ? Array.from(y, (value, index) => (isAlone(value, index) ? 4 : 0)) : null;
}

function isDrawn(value: number | undefined): boolean {
  return value !== undefined && !Number.isNaN(value);
}

/** Whether any of the lines shows its points. */
export function hasPointMarks(points: readonly IPoints[]): boolean {
  const few = points.filter(({ y }) => y.length <= FEW_POINTS);
  const count = few.reduce((sum, { y }) => sum + y.length, 0);
  return few.length > 0 && count <= MOST_MARKED;
}

/** The last point that is drawn and lies at or before `end`; null without any. */
export function lastPoint(
  points: IPoints,
  log: boolean,
  end: number
): { x: number; y: number } | null {
  for (let index = points.y.length - 1; index >= 0; index--) {
    const [x, y] = [points.x[index], points.y[index]];
    if (x !== undefined && y !== undefined && x <= end && !Number.isNaN(y) && (!log || y > 0)) {
      return { x, y };
    }
  }
  return null;
}
