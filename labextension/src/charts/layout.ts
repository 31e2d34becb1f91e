import { IDrawnAxis, ILayout } from './plotly';
import { IDrawing, ILine, IPoints, lastPoint, lineTitle } from './traces';
import { ILabel, spreadLabels } from './labels';
import { IChartTheme } from './theme';

/** Pixels around the plotting area; the right one holds the labels. */
export const MARGIN = { left: 36, top: 8, bottom: 22, right: 10 } as const;

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

/** Pixels to keep free at the right for the names of the lines; 0 where there are none or too many for that. */
export function labelWidth(lines: readonly ILine[], size: ISize): number {
  if (lines.length === 0 || lines.length > MOST_LABELS) {
    return 0;
  }
  const longest = Math.max(...lines.map(line => lineTitle(line).length));
  if (longest === 0) {
    return 0;
  }
  const share = lines.some(line => line.mark !== '') ? MARKED_SHARE : NAME_SHARE;
  return Math.round(Math.min(longest * CHARACTER_WIDTH + DOT_WIDTH, size.width * share));
}

/**
 * Plotly's layout.
 *
 * @param view - While it stays the same, so does what the user zoomed to.
 */
export function chartLayout(
  theme: IChartTheme,
  size: ISize,
  drawing: IDrawing,
  labels: number,
  view: string
): ILayout {
  const axis = {
    color: theme.text,
    gridcolor: theme.grid,
    linecolor: theme.axis,
    tickfont: { family: theme.font, size: 10, color: theme.text },
    zeroline: false,
    fixedrange: false
  };
  return {
    ...size,
    uirevision: view,
    margin: {
      l: MARGIN.left,
      t: MARGIN.top,
      b: MARGIN.bottom,
      r: MARGIN.right + labels,
      pad: 0
    },
    paper_bgcolor: theme.background,
    plot_bgcolor: theme.background,
    font: { family: theme.font, size: 10, color: theme.text },
    showlegend: false,
    hovermode: 'x',
    hoverdistance: -1,
    spikedistance: -1,
    dragmode: 'zoom',
    xaxis: {
      ...axis,
      showgrid: false,
      showline: true,
      nticks: 5,
      tickformat: drawing.x === 'step' ? '~s' : '~g',
      showspikes: true,
      spikemode: 'across',
      spikesnap: 'hovered data',
      spikedash: 'solid',
      spikethickness: 1,
      spikecolor: theme.axis
    },
    yaxis: {
      ...axis,
      type: drawing.log ? 'log' : 'linear',
      nticks: 5,
      tickformat: '~g'
    }
  };
}

/** Where the names of the lines go: beside their last points in view, moved apart. */
export function placeLabels(
  points: readonly IPoints[],
  size: ISize,
  drawing: IDrawing,
  axes: { xaxis: IDrawnAxis; yaxis: IDrawnAxis }
): ILabel[] {
  const bottom = size.height - MARGIN.bottom;
  const [low, high] = axes.yaxis.range;
  const labels: ILabel[] = [];
  points.forEach((line, index) => {
    const last = lastPoint(line, drawing.log, axes.xaxis.range[1]);
    if (last) {
      const part = ((drawing.log ? Math.log10(last.y) : last.y) - low) / (high - low);
      labels.push({ index, top: bottom - part * (bottom - MARGIN.top) });
    }
  });
  const inView = labels.filter(label => label.top >= MARGIN.top - 1 && label.top <= bottom + 1);
  return spreadLabels(inView, LABEL_HEIGHT, [MARGIN.top, bottom]);
}
