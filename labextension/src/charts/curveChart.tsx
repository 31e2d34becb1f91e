import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { absence } from './absence';
import { Cursor } from './cursor';
import { CursorLayer } from './cursorLayer';
import { IDrawing, inBase } from './drawing';
import { formatValue } from './format';
import { axisWidth, hidesLastTick, labelWidth, MARGIN, placeLabels, plotArea } from './layout';
import { LineLabel } from './lineLabel';
import { IMark, IRule, MarkLayer } from './markLayer';
import { usePlot } from './plot';
import { usePointing } from './pointing';
import { useRanges } from './ranges';
import { Range } from './scale';
import { useSize } from './size';
import { ILine, IPoints, lastPoint, linePoints, lineTitle } from './traces';

/**
 * What is marked in a chart.
 */
export interface IMarks {
  marks: readonly IMark[];
  rules: readonly IRule[];
}

const NOTHING: IMarks = { marks: [], rules: [] };

/**
 * Properties of a chart.
 */
export interface ICurveChartProps {
  metric: string;
  lines: readonly ILine[];
  drawing: IDrawing;
  /** The part of the horizontal axis that is looked at, in steps, epochs or seconds; null for all of it. */
  zoom: Range | null;
  onZoom: (zoom: Range | null) => void;
  cursor: Cursor;
  /** Whether names and values stand in the chart; without, they stand beside it. */
  hasWords: boolean;
  /** What is marked, given the points as drawn. */
  marks?: (points: readonly IPoints[], lines: readonly ILine[]) => IMarks;
  /** The user wants a line hidden, or all others. */
  onHide?: (runId: string, others: boolean) => void;
  trans: TranslationBundle;
}

/**
 * The curves of one metric, drawn by plotly. Names of runs are put beside it as text, never into it: plotly
 * would read them as markup.
 */
export const CurveChart = React.memo(function CurveChart(
  props: ICurveChartProps
): React.ReactElement {
  const { metric, lines, drawing, zoom, onZoom, cursor, hasWords, marks, onHide, trans } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const plot = React.useRef<HTMLDivElement>(null);
  const size = useSize(root);
  const points = React.useMemo(
    () => lines.map(line => linePoints(line, drawing)),
    [lines, drawing]
  );
  const [heights, setHeights] = React.useState<{ zoom: Range; log: boolean; y: Range } | null>(
    null
  );
  const isChosen = heights && heights.zoom === zoom && heights.log === drawing.log;
  const zoomY = isChosen ? heights.y : null;
  const ranges = useRanges({ metric, lines, points, drawing, zoom, zoomY });
  const room = size && hasWords ? labelWidth(lines, size) : 0;
  const onSelect = React.useCallback(
    (x: Range | null, y: Range | null) => {
      const next = inBase(x ?? ranges.x, drawing);
      setHeights(y && { zoom: next, log: drawing.log, y });
      onZoom(next);
    },
    [ranges, drawing, onZoom]
  );
  const onReset = React.useCallback(() => onZoom(null), [onZoom]);
  const failure = usePlot({
    ...{ node: plot, size, lines, points, drawing, ranges, onSelect, onReset },
    labels: room
  });
  const area = size && plotArea(size, room, axisWidth(ranges.y, drawing));
  const marked = React.useMemo(() => marks?.(points, lines) ?? NOTHING, [marks, points, lines]);
  const pointing = usePointing({ cursor, metric, points, drawing, ranges, area });
  const absent = React.useMemo(() => absence(points, drawing, trans), [points, drawing, trans]);
  const title = axisTitle(drawing, trans);
  const isTitleInside = size && hidesLastTick(title, size, drawing, room, ranges);
  const labels = size && room > 0 ? placeLabels(points, size, drawing, ranges) : [];
  return (
    <div
      className="jp-Runlore-chart"
      ref={root}
      role="group" // with controls in it; its name tells the values
      tabIndex={0}
      aria-label={describe(metric, lines, points, trans)}
      data-metric={metric}
      data-lines={lines.length}
      {...pointing}
    >
      <div className="jp-Runlore-chart-plot" ref={plot} />
      {failure && (
        <div className="jp-Runlore-chart-failure">
          {trans.__('The chart could not be loaded: %1', failure)}
        </div>
      )}
      {labels.map(({ index, top }) => {
        const line = lines[index];
        return line && <LineLabel key={line.curve.runId} {...{ line, top, room, onHide, trans }} />;
      })}
      {area && <MarkLayer {...marked} {...{ drawing, ranges, area }} />}
      {area && (
        <CursorLayer
          {...{ cursor, metric, lines, points, drawing, ranges, area, trans }}
          hasReadout={hasWords}
        />
      )}
      {zoom && (
        <button className="jp-Runlore-chart-reset" onClick={onReset}>
          {trans.__('Reset zoom')}
        </button>
      )}
      {absent && area && (
        <div
          className="jp-Runlore-chart-absent"
          style={{ left: area.left, width: area.right - area.left }}
        >
          {absent}
        </div>
      )}
      <span
        className={'jp-Runlore-chart-axis' + (isTitleInside ? ' jp-mod-inside' : '')}
        style={isTitleInside ? { right: room + MARGIN.right } : undefined}
      >
        {title}
      </span>
    </div>
  );
});

function axisTitle({ x, unitName }: IDrawing, trans: TranslationBundle): string {
  switch (x) {
    case 'step':
      return trans.__('step');
    case 'epoch':
      return trans.__('epoch');
    case 'time':
      return trans.__('time (%1)', unitName);
    case 'wall':
      return trans.__('time of day');
  }
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
