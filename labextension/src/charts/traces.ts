import { XAxis } from '../model/choices';
import { IRunStyle } from '../model/colors';
import { ICurve } from '../model/curve';
import { ITrace } from './plotly';
import { smooth } from './smoothing';
import { IChartTheme } from './theme';

/** Curves of at most this many points show them. */
const FEW_POINTS = 30;

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
}

/** The name of a line with its mark. */
export function lineTitle(line: ILine): string {
  return `${line.name} ${line.mark}`.trimEnd();
}

/**
 * How lines are drawn.
 */
export interface IDrawing {
  x: XAxis;
  log: boolean;
  smoothing: number;
  /** Seconds a unit of the time axis. */
  unit: number;
}

/**
 * The points of a line as drawn: what cannot be drawn is NaN, a gap.
 */
export interface IPoints {
  x: Float64Array;
  raw: Float64Array;
  /** The raw values when there is no smoothing. */
  y: Float64Array;
}

/** The points of a line. */
export function linePoints(line: ILine, drawing: IDrawing): IPoints {
  const { curve } = line;
  const [x, raw] = withBreaks(
    drawing.x === 'step'
      ? curve.step
      : curve.time.map(time => (time - line.started) / drawing.unit),
    curve.value.map(value => (Number.isFinite(value) ? value : NaN))
  );
  return { x, raw, y: drawing.smoothing > 0 ? smooth(raw, drawing.smoothing) : raw };
}

/** The points with a gap wherever x falls: a loop that began again is another line, not one that runs back. */
function withBreaks(x: Float64Array, y: Float64Array): [Float64Array, Float64Array] {
  const breaks: number[] = [];
  x.forEach((at, index) => {
    if (at < (x[index - 1] ?? at)) {
      breaks.push(index);
    }
  });
  if (breaks.length === 0) {
    return [x, y];
  }
  const length = x.length + breaks.length;
  const [spacedX, spacedY] = [new Float64Array(length), new Float64Array(length)];
  [0, ...breaks].forEach((start, number) => {
    const end = breaks[number] ?? x.length;
    spacedX.set(x.subarray(start, end), start + number);
    spacedY.set(y.subarray(start, end), start + number);
    if (end < x.length) {
      spacedX[end + number] = x[end] ?? NaN;
      spacedY[end + number] = NaN;
    }
  });
  return [spacedX, spacedY];
}

/**
 * Plotly's traces: behind each smoothed line its raw one, then the lines, in the order given.
 */
export function chartTraces(
  lines: readonly ILine[],
  points: readonly IPoints[],
  theme: IChartTheme
): ITrace[] {
  const behind: ITrace[] = [];
  const front: ITrace[] = [];
  lines.forEach((line, index) => {
    const drawn = points[index];
    if (!drawn) {
      return;
    }
    const color = theme.runs[line.style.color] ?? theme.text;
    if (drawn.y !== drawn.raw) {
      behind.push({
        ...trace(drawn.x, drawn.raw, color, 'solid', 1),
        opacity: 0.3,
        hoverinfo: 'skip'
      });
    }
    front.push(trace(drawn.x, drawn.y, color, line.style.dash, 1.5));
  });
  return [...behind, ...front];
}

function trace(
  x: Float64Array,
  y: Float64Array,
  color: string,
  dash: string,
  width: number
): ITrace {
  const sizes = markerSizes(y);
  return {
    type: 'scatter',
    mode: sizes ? 'lines+markers' : 'lines',
    x,
    y,
    opacity: 1,
    line: { color, width, dash },
    marker: { color, size: sizes ?? 0 },
    connectgaps: false,
    showlegend: false,
    hoverinfo: 'none'
  };
}

// A point between two gaps has no line to be seen by.
function markerSizes(y: Float64Array): number[] | null {
  if (y.length <= FEW_POINTS) {
    return Array.from(y, () => 4);
  }
  const isAlone = (_: number, index: number): boolean =>
    !isDrawn(y[index - 1]) && isDrawn(y[index]) && !isDrawn(y[index + 1]);
  return y.some(isAlone) ? Array.from(y, (value, index) => (isAlone(value, index) ? 4 : 0)) : null;
}

function isDrawn(value: number | undefined): boolean {
  return value !== undefined && !Number.isNaN(value);
}

/**
 * The unit of the time axis that suits the longest line: its length in seconds, and its name.
 */
export function timeUnit(lines: readonly ILine[]): { seconds: number; name: 's' | 'min' | 'h' } {
  const longest = Math.max(0, ...lines.map(line => (line.curve.time.at(-1) ?? 0) - line.started));
  if (longest > 3 * 3600) {
    return { seconds: 3600, name: 'h' };
  }
  return longest > 180 ? { seconds: 60, name: 'min' } : { seconds: 1, name: 's' };
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
