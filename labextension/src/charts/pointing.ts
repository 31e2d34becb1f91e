import * as React from 'react';

import { Cursor } from './cursor';
import { IDrawing } from './drawing';
import { IArea, IRanges } from './layout';
import { nearestPoint } from './nearest';
import { fromPixels, offAxis } from './scale';
import { IPoints } from './traces';

interface IHandlers {
  onPointerMove: (event: React.PointerEvent) => void;
  onPointerLeave: () => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
  onBlur: () => void;
}

/**
 * Move the shared cursor with the pointer over a chart, or with the arrow keys in it.
 */
export function usePointing(options: {
  cursor: Cursor;
  metric: string;
  points: readonly IPoints[];
  drawing: IDrawing;
  ranges: IRanges;
  area: IArea | null;
}): IHandlers {
  const { cursor, metric, points, drawing, ranges, area } = options;
  const leave = (): void => {
    if (cursor.at?.metric === metric) {
      cursor.move(null);
    }
  };
  return {
    onPointerMove: event => {
      const box = event.currentTarget.getBoundingClientRect();
      const [left, top] = [event.clientX - box.left, event.clientY - box.top];
      if (!area || left < area.left || left > area.right || top > area.bottom) {
        cursor.move(null);
        return;
      }
      const place = fromPixels(left, ranges.x, area.left, area.right);
      const x = snapped(points, offAxis(place, drawing.logX));
      cursor.move(x === null ? null : { x, metric });
    },
    onPointerLeave: leave,
    onBlur: leave,
    onKeyDown: event => {
      const by = KEYS[event.key];
      const next = by === undefined ? null : neighbour(points, cursor.at?.x, by);
      if (next !== null) {
        event.preventDefault();
        cursor.move({ x: next, metric });
      } else if (event.key === 'Escape' && cursor.at) {
        cursor.move(null);
      }
    }
  };
}

const KEYS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -20,
  PageDown: 20,
  Home: -Infinity,
  End: Infinity
};

/** The x of the point nearest to this place. */
function snapped(points: readonly IPoints[], x: number): number | null {
  let nearest: number | null = null;
  for (const line of points) {
    const at = line.x[nearestPoint(line, x, Infinity) ?? -1];
    if (at !== undefined && (nearest === null || Math.abs(at - x) < Math.abs(nearest - x))) {
      nearest = at;
    }
  }
  return nearest;
}

/** The x of the point that is so many points further on the line with most of them. */
function neighbour(points: readonly IPoints[], x: number | undefined, by: number): number | null {
  const longest = [...points].sort((a, b) => b.x.length - a.x.length)[0];
  if (!longest || longest.x.length === 0) {
    return null;
  }
  const last = longest.x.length - 1;
  const from = x === undefined ? (by > 0 ? -1 : last + 1) : nearestPoint(longest, x, Infinity);
  return longest.x[Math.min(Math.max((from ?? 0) + by, 0), last)] ?? null;
}
