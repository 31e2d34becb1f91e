import { IDrawing } from './drawing';
import { ILabel, spreadLabels } from './labels';
import { ILayout } from './plotly';
import { onAxis, offAxis, Range, toPixels } from './scale';
import { IChartTheme } from './theme';
import { lastTick, logTickCount, tickCount, valueTicks } from './ticks';
import { ILine, IPoints, lastPoint, lineTitle } from './traces';

/** Pixels around the plotting area: the right one holds the labels, the left one grows with the values on the axis. */
export const MARGIN = { left: 36, top: 8, bottom: 22, right: 10 } as const;

/** Pixels between marks of an axis at least, so that their values do not run into each other. */
const TICK_HEIGHT = 30;
const TICK_WIDTH = 70;
const X_TICKS = 5;
/** Characters of a value on the horizontal axis at the most: thousands are written as k. */
const LONGEST_TICK = 5;

/** With more lines than this the labels would hide the chart. */
const MOST_LABELS = 5;
const LABEL_HEIGHT = 14;
const CHARACTER_WIDTH = 7;
const DOT_WIDTH = 11;
/** Parts of the chart's width that the labels may take: without marks, and with them. */
const NAME_SHARE = 0.27;
const MARKED_SHARE = 0.36;

/**
 * The size of a chart in pixels.
 */
export interface ISize {
  width: number;
  height: number;
}

/** Pixels that a text in a chart takes, at the most. */
function textWidth(text: string): number {
  return text.length * CHARACTER_WIDTH;
}

/** Pixels to keep free at the right for the names of the lines; 0 where there are none or too many for that. */
export function labelWidth(lines: readonly ILine[], size: ISize): number {
  if (lines.length === 0 || lines.length > MOST_LABELS) {
    return 0;
  }
  const longest = Math.max(...lines.map(line => textWidth(lineTitle(line))));
  if (longest === 0) {
    return 0;
  }
  const share = lines.some(line => line.mark !== '') ? MARKED_SHARE : NAME_SHARE;
  return Math.round(Math.min(longest + DOT_WIDTH, size.width * share));
}

/**
 * What of a chart is seen.
 */
export interface IRanges {
  x: Range;
  y: Range;
}

/**
 * The plotting area in pixels of the chart, from its top left corner.
 */
export interface IArea {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Pixels at the left of the plotting area: what the values on the axis need. */
export function axisWidth(range: Range, drawing: IDrawing): number {
  return Math.max(MARGIN.left, valueTicks(range, drawing.log).width);
}

/** The plotting area of a chart that keeps `labels` pixels free for names at its right, and `left` for its axis. */
export function plotArea(size: ISize, labels: number, left: number = MARGIN.left): IArea {
  return {
    left,
    right: size.width - MARGIN.right - labels,
    top: MARGIN.top,
    bottom: size.height - MARGIN.bottom
  };
}

/** Whether the title of the horizontal axis, below its end, would hide the last value on it. */
export function hidesLastTick(
  title: string,
  size: ISize,
  drawing: IDrawing,
  labels: number,
  ranges: IRanges
): boolean {
  const width = textWidth(title);
  if (width <= labels || drawing.x === 'wall' || drawing.logX) {
    return width > labels;
  }
  const { left, right } = plotArea(size, labels, axisWidth(ranges.y, drawing));
  const tick = lastTick(ranges.x, X_TICKS, isFewSteps(drawing, ranges.x) ? 1 : undefined);
  const [low, high] = ranges.x;
  const center = left + ((tick - low) / (high - low)) * (right - left);
  const half = textWidth(String(tick).slice(0, LONGEST_TICK)) / 2;
  return center + half > size.width - MARGIN.right - width;
}

/** Plotly's layout of a chart that shows exactly these ranges. */
export function chartLayout(
  theme: IChartTheme,
  size: ISize,
  drawing: IDrawing,
  labels: number,
  ranges: IRanges
): ILayout {
  const { left, right, top, bottom } = plotArea(size, labels, axisWidth(ranges.y, drawing));
  const { format, power } = valueTicks(ranges.y, drawing.log);
  const across = tickCount(right - left, TICK_WIDTH);
  const count = tickCount(bottom - top, TICK_HEIGHT);
  const axis = {
    color: theme.text,
    gridcolor: theme.grid,
    linecolor: theme.axis,
    tickfont: { family: theme.font, size: 10, color: theme.text },
    zeroline: false,
    fixedrange: false,
    autorange: false
  };
  return {
    ...size,
    margin: {
      l: left,
      t: MARGIN.top,
      b: MARGIN.bottom,
      r: MARGIN.right + labels,
      pad: 0
    },
    // What is behind has the colour of the page, at once when the theme changes.
    paper_bgcolor: 'transparent',
    plot_bgcolor: 'transparent',
    font: { family: theme.font, size: 10, color: theme.text },
    showlegend: false,
    hovermode: false,
    dragmode: 'zoom',
    xaxis: {
      ...axis,
      type: drawing.x === 'wall' ? 'date' : drawing.logX ? 'log' : 'linear',
      range: [...ranges.x],
      showgrid: false,
      showline: true,
      nticks: drawing.x === 'wall' ? 3 : drawing.logX ? logTickCount(across, ranges.x) : X_TICKS,
      ...(isFewSteps(drawing, ranges.x) && { dtick: 1 }),
      ...(drawing.x === 'wall'
        ? { tickformatstops: WALL_TICKS }
        : { tickformat: drawing.x === 'step' ? '~s' : '~g' })
    },
    yaxis: {
      ...axis,
      type: drawing.log ? 'log' : 'linear',
      range: [...ranges.y],
      nticks: drawing.log ? logTickCount(count, ranges.y) : count,
      tickformat: format,
      exponentformat: 'e',
      minexponent: power
    }
  };
}

/** Whether plotly would put its ticks between steps, where nothing can be. */
function isFewSteps(drawing: IDrawing, [low, high]: Range): boolean {
  return drawing.x === 'step' && !drawing.logX && high - low < 5;
}

/** Times on one line: plotly's own take two, for which there is no room. */
const WALL_TICKS = [
  { dtickrange: [null, 1000], value: '%H:%M:%S.%L' },
  { dtickrange: [1000, 60_000], value: '%H:%M:%S' },
  { dtickrange: [60_000, 86_400_000], value: '%H:%M' },
  { dtickrange: [86_400_000, null], value: '%d %b' }
];

/** Where the names of the lines go: beside their last points in view, moved apart. */
export function placeLabels(
  points: readonly IPoints[],
  size: ISize,
  drawing: IDrawing,
  ranges: IRanges
): ILabel[] {
  const { top, bottom } = plotArea(size, 0);
  const end = offAxis(ranges.x[1], drawing.logX);
  const labels: ILabel[] = [];
  points.forEach((line, index) => {
    const last = lastPoint(line, drawing.log, end);
    if (last) {
      const place = onAxis(last.y, drawing.log);
      labels.push({ index, top: toPixels(place, ranges.y, bottom, top) });
    }
  });
  const inView = labels.filter(label => label.top >= top - 1 && label.top <= bottom + 1);
  return spreadLabels(inView, LABEL_HEIGHT, [top, bottom]);
}
