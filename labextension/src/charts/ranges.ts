import * as React from 'react';

import { fromBase, IDrawing } from './drawing';
import { IRanges } from './layout';
import { extent, grown, offAxis, Range, withAir, withSides } from './scale';
import { hasPointMarks, ILine, IPoints } from './traces';

/**
 * What a chart is to show.
 */
export interface IShown {
  metric: string;
  lines: readonly ILine[];
  points: readonly IPoints[];
  drawing: IDrawing;
  /** The part of the horizontal axis that the user looks at, in its base units; null for all of it. */
  zoom: Range | null;
  /** The part of the vertical axis that the user chose along with it; null for what there is to see. */
  zoomY: Range | null;
}

/**
 * What of the chart is seen now. While the same is looked at, the ranges only grow.
 */
export function useRanges(shown: IShown): IRanges {
  const { metric, lines, points, drawing, zoom, zoomY } = shown;
  const { x: axis, logX, log, unit } = drawing;
  const ids = lines.map(line => line.curve.runId).join();
  const view = [metric, axis, logX, log, unit, zoom?.join(), ids].join('|');
  const needed = React.useMemo(() => neededRanges(points, drawing, zoom), [points, drawing, zoom]);
  const [held, setHeld] = React.useState({ view, ...needed });
  const isSame = held.view === view;
  const isLive = lines.some(line => line.isLive);
  const next = {
    view,
    x: zoom ? needed.x : grown(isSame ? held.x : null, needed.x, isLive),
    y: grown(isSame ? held.y : null, needed.y, false)
  };
  if (!isSame || !areSame(next.x, held.x) || !areSame(next.y, held.y)) {
    setHeld(next);
  }
  const [[xLow, xHigh], [yLow, yHigh]] = [next.x, zoomY ?? next.y];
  return React.useMemo(() => ({ x: [xLow, xHigh], y: [yLow, yHigh] }), [xLow, xHigh, yLow, yHigh]);
}

function neededRanges(points: readonly IPoints[], drawing: IDrawing, zoom: Range | null): IRanges {
  const x = zoom
    ? fromBase(zoom, drawing)
    : withSides(
        extent(
          points.map(line => line.x),
          drawing.logX
        ),
        hasPointMarks(points)
      );
  const seen: Range | null = zoom && [offAxis(x[0], drawing.logX), offAxis(x[1], drawing.logX)];
  const columns = points.flatMap(line =>
    [line.raw, ...(line.band ? [line.band.low, line.band.high] : [])].map(column =>
      seen ? within(line, column, seen) : column
    )
  );
  return { x, y: withAir(extent(columns, drawing.log)) };
}

/** The values of a line between two places, and the neighbours on both sides, to which it leads. */
function within({ x, ascends }: IPoints, column: Float64Array, [low, high]: Range): Float64Array {
  if (!ascends) {
    return column.filter((_, index) => (x[index] ?? NaN) >= low && (x[index] ?? NaN) <= high);
  }
  const first = x.findIndex(at => at >= low);
  const after = x.findIndex(at => at > high);
  const start = first < 0 ? x.length : first;
  const end = after < 0 ? x.length : after;
  return start < end
    ? column.subarray(start, end)
    : column.subarray(Math.max(start - 1, 0), Math.min(end + 1, x.length));
}

function areSame(one: Range, other: Range): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
