import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { factText } from './fact';
import { Scale } from './scale';
import { Span } from '../../model/compareSelection';
import { IDimension } from '../../model/dimension';

/** Pixels that a brush can be taken hold of at. */
const WIDTH = 24;
/** Pixels by which a press is no drag yet. */
const STILL = 3;
/** Parts of the axis that a key moves a brush by. */
const STEP = 0.05;

/**
 * A brush on a vertical axis. A drag selects a part of the axis, a click takes that back; arrows move the part, with
 * Shift they change its length, and Delete takes it away.
 */
export function Brush(props: {
  dimension: IDimension;
  name: string;
  scale: Scale;
  span: Span | undefined;
  onChange: (span: Span | null) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { dimension, name, scale, span, onChange, trans } = props;
  const start = React.useRef<number | null>(null);
  const [bottom = 0, top = 0] = scale.range();
  const spanOf = (one: number, other: number): Span => {
    const within = (pixel: number): number => Math.min(Math.max(pixel, top), bottom);
    return [scale.invert(within(Math.max(one, other))), scale.invert(within(Math.min(one, other)))];
  };
  const pixelOf = (event: React.PointerEvent<SVGRectElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return top + event.clientY - box.top;
  };
  const [from, to] = span ? [scale(span[0]), scale(span[1])] : [bottom, top];
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const sign = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const step = (bottom - top) * STEP;
    if (sign !== undefined) {
      const upper = to + sign * step;
      onChange(spanOf(event.shiftKey ? from : from + sign * step, span ? upper : top + step));
    } else if (event.key === 'Delete' || event.key === 'Escape') {
      onChange(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const tell = (place: number): string =>
    dimension.kind === 'category'
      ? (dimension.categories[Math.round(place)] ?? '')
      : factText(place, dimension.column);
  return (
    <g className="jp-Runlore-brush">
      {span && (
        <rect className="jp-Runlore-brush-span" x={-6} width={12} y={to} height={from - to} />
      )}
      <rect
        className="jp-Runlore-brush-hold"
        x={-WIDTH / 2}
        width={WIDTH}
        y={top}
        height={bottom - top}
        tabIndex={0}
        role="slider"
        aria-orientation="vertical"
        aria-label={trans.__('Select runs by %1', name)}
        aria-valuenow={span ? span[0] : dimension.domain[0]}
        aria-valuetext={
          span ? trans.__('from %1 to %2', tell(span[0]), tell(span[1])) : trans.__('all')
        }
        onKeyDown={onKeyDown}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = pixelOf(event);
        }}
        onPointerMove={event => {
          const pixel = pixelOf(event);
          if (start.current !== null && Math.abs(pixel - start.current) >= STILL) {
            onChange(spanOf(start.current, pixel));
          }
        }}
        onPointerUp={event => {
          if (start.current !== null && Math.abs(pixelOf(event) - start.current) < STILL) {
            onChange(null);
          }
          start.current = null;
        }}
      />
    </g>
  );
}
