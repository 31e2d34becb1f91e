import * as React from 'react';

import { IDrawing } from './drawing';
import { IArea, IRanges } from './layout';
import { onAxis, toPixels } from './scale';

/**
 * A point of a chart that has a mark; on the drawn axes, in their units.
 */
export interface IMark {
  runId: string;
  color: number;
  x: number;
  y: number;
  /** What it is, in words. */
  title: string;
}

/**
 * A thin rule across a chart.
 */
export interface IRule {
  runId: string;
  color: number;
  x: number;
  /** A word or two beside it. */
  word: string;
  /** Why it is there. */
  title: string;
}

/**
 * Marks on the lines, and rules across the chart, each with its words.
 */
export function MarkLayer(props: {
  marks: readonly IMark[];
  rules: readonly IRule[];
  drawing: IDrawing;
  ranges: IRanges;
  area: IArea;
}): React.ReactElement {
  const { marks, rules, drawing, ranges, area } = props;
  const across = (x: number): number =>
    toPixels(onAxis(x, drawing.logX), ranges.x, area.left, area.right);
  const isIn = (left: number): boolean => left >= area.left - 1 && left <= area.right + 1;
  return (
    <>
      {rules.map(({ runId, color, x, word, title }) => {
        const left = across(x);
        const isRight = left > (area.left + area.right) / 2;
        return isIn(left) ? (
          <div
            key={`${runId} ${word}`}
            className={'jp-Runlore-rule' + (isRight ? ' jp-mod-right' : '')}
            data-color={color}
            style={{ left, top: area.top, height: area.bottom - area.top }}
            title={title}
          >
            <span>{word}</span>
          </div>
        ) : null;
      })}
      {marks.map(({ runId, color, x, y, title }) => {
        const left = across(x);
        const top = toPixels(onAxis(y, drawing.log), ranges.y, area.bottom, area.top);
        return isIn(left) && top >= area.top - 1 && top <= area.bottom + 1 ? (
          <div
            key={runId}
            className="jp-Runlore-best"
            data-color={color}
            role="img"
            aria-label={title}
            title={title}
            style={{ left, top }}
          />
        ) : null;
      })}
    </>
  );
}
