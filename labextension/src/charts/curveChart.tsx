import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { XAxis } from '../model/choices';
import { formatValue } from './format';
import { ILabel } from './labels';
import { chartLayout, ISize, labelWidth, MARGIN, placeLabels } from './layout';
import { IHoverEvent, IPlotElement, IPlotly, loadPlotly } from './plotly';
import { Hover, Readout } from './readout';
import { useSize } from './size';
import { onThemeChange, readTheme } from './theme';
import {
  chartTraces,
  IDrawing,
  ILine,
  IPoints,
  lastPoint,
  linePoints,
  lineTitle,
  timeUnit
} from './traces';

/** From where to where on an axis. */
export type Range = readonly [low: number, high: number];

const CONFIG = { displayModeBar: false, showTips: false, doubleClick: 'reset+autosize' } as const;

/**
 * Properties of a chart.
 */
export interface ICurveChartProps {
  metric: string;
  lines: readonly ILine[];
  x: XAxis;
  log: boolean;
  smoothing: number;
  /** Told which part of the horizontal axis is looked at, in steps or seconds; null for all of it. */
  onZoom?: (range: Range | null) => void;
  trans: TranslationBundle;
}

/**
 * The curves of one metric, drawn by plotly. Names of runs are put beside it as text, never into it: plotly
 * would read them as markup.
 */
export function CurveChart(props: ICurveChartProps): React.ReactElement {
  const { metric, lines, x, log, smoothing, onZoom, trans } = props;
  const unit = React.useMemo(() => timeUnit(lines), [lines]);
  const drawing = React.useMemo<IDrawing>(
    () => ({ x, log, smoothing, unit: unit.seconds }),
    [x, log, smoothing, unit.seconds]
  );
  const points = React.useMemo(
    () => lines.map(line => linePoints(line, drawing)),
    [lines, drawing]
  );
  const root = React.useRef<HTMLDivElement>(null);
  const plot = React.useRef<HTMLDivElement>(null);
  const size = useSize(root);
  const chart = usePlot({ plot, size, lines, points, drawing, metric, onZoom });
  return (
    <div
      className="jp-Runlore-chart"
      ref={root}
      role="img"
      aria-label={describe(metric, lines, points, trans)}
      data-metric={metric}
      data-lines={lines.length}
    >
      <div className="jp-Runlore-chart-plot" ref={plot} />
      {chart.failure && (
        <div className="jp-Runlore-chart-failure">
          {trans.__('The chart could not be loaded: %1', chart.failure)}
        </div>
      )}
      {chart.labels.map(({ index, top }) => {
        const line = lines[index];
        return line && <LineLabel key={line.curve.runId} line={line} top={top} room={chart.room} />;
      })}
      {chart.hover && (
        <Readout {...{ lines, points, drawing, trans }} unit={unit.name} hover={chart.hover} />
      )}
      {chart.isZoomed && (
        <button className="jp-Runlore-chart-reset" onClick={chart.reset}>
          {trans.__('Reset zoom')}
        </button>
      )}
      <span className="jp-Runlore-chart-axis" style={{ left: MARGIN.left }}>
        {x === 'step' ? trans.__('step') : trans.__('time (%1)', unit.name)}
      </span>
    </div>
  );
}

function LineLabel(props: { line: ILine; top: number; room: number }): React.ReactElement {
  const { line, top, room } = props;
  return (
    <span
      className="jp-Runlore-chart-label"
      data-color={line.style.color}
      style={{ top, width: room }}
      title={lineTitle(line)}
    >
      <span className="jp-Runlore-chart-name">{line.name}</span>
      {line.mark && <span className="jp-Runlore-chart-mark">{line.mark}</span>}
    </span>
  );
}

interface IPlot {
  labels: readonly ILabel[];
  /** Pixels for the labels. */
  room: number;
  hover: Hover | null;
  isZoomed: boolean;
  failure: string | null;
  reset: () => void;
}

function usePlot(options: {
  plot: React.RefObject<HTMLDivElement>;
  size: ISize | null;
  lines: readonly ILine[];
  points: readonly IPoints[];
  drawing: IDrawing;
  metric: string;
  onZoom: ICurveChartProps['onZoom'];
}): IPlot {
  const { plot, size, lines, points, drawing, metric, onZoom } = options;
  const [plotly, setPlotly] = React.useState<IPlotly | null>(null);
  const [failure, setFailure] = React.useState<string | null>(null);
  const [labels, setLabels] = React.useState<readonly ILabel[]>([]);
  const [room, setRoom] = React.useState(0);
  const [hover, setHover] = React.useState<Hover | null>(null);
  const [isZoomed, setZoomed] = React.useState(false);
  const [resets, setResets] = React.useState(0);
  const [themes, setThemes] = React.useState(0);

  React.useEffect(() => onThemeChange(() => setThemes(count => count + 1)), []);

  React.useEffect(() => {
    const node = plot.current;
    let isGone = false;
    loadPlotly().then(
      loaded => !isGone && setPlotly(loaded),
      (error: unknown) => !isGone && setFailure(String(error))
    );
    return () => {
      isGone = true;
      void loadPlotly().then(loaded => node && loaded.purge(node));
    };
  }, [plot]);

  React.useEffect(() => {
    const node = plot.current;
    if (!plotly || !node || !size) {
      return;
    }
    const theme = readTheme(node);
    const view = [metric, drawing.x, drawing.log, drawing.unit, resets].join('|');
    const width = labelWidth(lines, size);
    const layout = chartLayout(theme, size, drawing, width, view);
    const traces = chartTraces(lines, points, theme);
    const behind = traces.length - lines.length;
    let isGone = false;
    const place = (drawn: IPlotElement): void => {
      setLabels(width > 0 ? placeLabels(points, size, drawing, drawn.layout) : []);
      setRoom(width);
      const { xaxis, yaxis } = drawn.layout;
      setZoomed(!xaxis.autorange || !yaxis.autorange);
      const unit = drawing.x === 'step' ? 1 : drawing.unit;
      onZoom?.(xaxis.autorange ? null : [xaxis.range[0] * unit, xaxis.range[1] * unit]);
    };
    const onHover = ({ points: hovered }: IHoverEvent): void => {
      const at = new Map(hovered.map(point => [point.curveNumber - behind, point.pointNumber]));
      setHover(lines.map((_, index) => at.get(index)));
    };
    void plotly.react(node, traces, layout, CONFIG).then(() => {
      if (isGone) {
        return;
      }
      const drawn = node as HTMLElement as IPlotElement;
      drawn.removeAllListeners();
      drawn.on('plotly_hover', onHover);
      drawn.on('plotly_unhover', () => setHover(null));
      drawn.on('plotly_relayout', () => place(drawn));
      place(drawn);
    });
    return () => {
      isGone = true;
    };
  }, [plotly, plot, size, lines, points, drawing, metric, onZoom, resets, themes]);

  return { labels, room, hover, isZoomed, failure, reset: () => setResets(count => count + 1) };
}

function describe(
  metric: string,
  lines: readonly ILine[],
  points: readonly IPoints[],
  trans: TranslationBundle
): string {
  const ends = lines.map((line, index) => {
    const drawn = points[index];
    const last = drawn && lastPoint(drawn, false, Infinity);
    return `${lineTitle(line)} ${last ? formatValue(last.y) : '–'}`;
  });
  return trans.__('Curves of %1. Last values: %2', metric, ends.join(', '));
}
