import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Cursor, useCursor } from './cursor';
import { IDrawing } from './drawing';
import { IArea, IRanges } from './layout';
import { nearestPoint } from './nearest';
import { Readout } from './readout';
import { offAxis, onAxis, toPixels } from './scale';
import { ILine, IPoints } from './traces';

/** With more lines than this, dots on all of them hide what they mark. */
const MOST_DOTS = 12;

/**
 * What follows the pointer: a rule through all charts, a dot on each line, and the values where the pointer is.
 */
export function CursorLayer(props: {
  cursor: Cursor;
  metric: string;
  lines: readonly ILine[];
  points: readonly IPoints[];
  drawing: IDrawing;
  ranges: IRanges;
  area: IArea;
  /** Whether the values are told here, not in a table beside the charts. */
  hasReadout: boolean;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { cursor, metric, lines, points, drawing, ranges, area, hasReadout, trans } = props;
  const at = useCursor(cursor);
  if (!at) {
    return null;
  }
  const left = toPixels(onAxis(at.x, drawing.logX), ranges.x, area.left, area.right);
  if (!(left >= area.left - 1 && left <= area.right + 1)) {
    return null;
  }
  const span = offAxis(ranges.x[1], drawing.logX) - offAxis(ranges.x[0], drawing.logX);
  const isTold = hasReadout && at.metric === metric;
  const dots = lines.length > MOST_DOTS ? [] : lines;
  const found = isTold || dots.length > 0 ? points.map(line => nearestPoint(line, at.x, span)) : [];
  return (
    <>
      <div
        className="jp-Runlore-cursor"
        style={{
          transform: `translateX(${left}px)`,
          top: area.top,
          height: area.bottom - area.top
        }}
      />
      {dots.map((line, index) => {
        const [number, drawn] = [found[index], points[index]];
        if (number === undefined || !drawn) {
          return null;
        }
        const y = onAxis(drawn.y[number] ?? NaN, drawing.log);
        const x = onAxis(drawn.x[number] ?? NaN, drawing.logX);
        const top = toPixels(y, ranges.y, area.bottom, area.top);
        return top >= area.top && top <= area.bottom ? (
          <div
            key={line.curve.runId}
            className="jp-Runlore-cursor-dot"
            data-color={line.style.color}
            style={{
              transform: `translate(${toPixels(x, ranges.x, area.left, area.right)}px, ${top}px)`
            }}
          />
        ) : null;
      })}
      {isTold && (
        <Readout
          {...{ lines, points, drawing, trans }}
          hover={found}
          isRight={left > (area.left + area.right) / 2}
        />
      )}
    </>
  );
}
