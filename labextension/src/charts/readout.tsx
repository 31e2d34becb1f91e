import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IDrawing, wallSeconds } from './drawing';
import { formatValue } from './format';
import { ILine, IPoints, lineTitle } from './traces';

const MOST_ROWS = 8;

/**
 * The hovered point of each line; undefined for a line without one.
 */
export type Hover = readonly (number | undefined)[];

/**
 * The values of every line at the pointer, greatest first.
 */
export function Readout(props: {
  lines: readonly ILine[];
  points: readonly IPoints[];
  drawing: IDrawing;
  hover: Hover;
  /** Whether the pointer is in the right half, so that the values stand in the left one. */
  isRight: boolean;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { lines, points, drawing, hover, isRight, trans } = props;
  const rows = lines.flatMap((line, index) => {
    const at = hover[index];
    const x = at === undefined ? undefined : points[index]?.x[at];
    const y = at === undefined ? undefined : points[index]?.y[at];
    return x === undefined || y === undefined || Number.isNaN(y) ? [] : [{ line, x, y }];
  });
  const [first] = rows;
  if (!first) {
    return null;
  }
  const shown = rows.sort((a, b) => b.y - a.y).slice(0, MOST_ROWS);
  return (
    <div className={'jp-Runlore-readout' + (isRight ? ' jp-mod-left' : ' jp-mod-right')}>
      <div className="jp-Runlore-readout-x">{formatX(first.x, drawing, trans)}</div>
      {shown.map(({ line, y }) => (
        <div className="jp-Runlore-readout-row" key={line.curve.runId}>
          <span className="jp-Runlore-swatch" data-color={line.style.color} />
          <span className="jp-Runlore-readout-name">{lineTitle(line)}</span>
          <span className="jp-Runlore-number">{formatValue(y)}</span>
        </div>
      ))}
      {rows.length > shown.length && (
        <div className="jp-Runlore-readout-x">
          {trans.__('%1 more', rows.length - shown.length)}
        </div>
      )}
    </div>
  );
}

/** A place on the horizontal axis in words. */
export function formatX(x: number, drawing: IDrawing, trans: TranslationBundle): string {
  switch (drawing.x) {
    case 'step':
      return trans.__('step %1', x);
    case 'epoch':
      return trans.__('epoch %1', formatValue(x));
    case 'time':
      return `${formatValue(x)} ${drawing.unitName}`;
    case 'wall':
      return new Date(wallSeconds(x) * 1000).toLocaleTimeString();
  }
}
