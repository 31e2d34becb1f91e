import * as React from 'react';

import { CompareSelection } from '../../model/compareSelection';

/** Pixels that a rectangle reaches beyond the points it was drawn by. */
const BEYOND = 4;

/**
 * A place in a plot, in pixels.
 */
export interface ICorner {
  left: number;
  top: number;
}

/**
 * The point of a run.
 */
export interface IPoint extends ICorner {
  id: string;
}

/**
 * The points of a plot by keyboard, which are one stop of Tab: arrows go to the next point in their direction, with
 * Shift a rectangle selects all from the point where Shift was first held; Space selects or takes back, Escape selects
 * nothing. The keys are to be heard by what holds the points.
 */
export function usePointKeys(target: {
  points: readonly IPoint[];
  selection: CompareSelection;
  brush: (from: ICorner, to: ICorner) => void;
}): {
  current: string | undefined;
  onFocus: (id: string) => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
} {
  const { points, selection, brush } = target;
  const anchor = React.useRef<IPoint | null>(null);
  const [currentId, onFocus] = React.useState<string | null>(null);
  const current = points.find(point => point.id === currentId) ?? points[0];
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (current === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const to = nextPoint(points, current, event.key);
    if (to) {
      anchor.current = event.shiftKey ? (anchor.current ?? current) : null;
      if (anchor.current) {
        const [from, last] = [anchor.current, to];
        brush(
          {
            left: Math.min(from.left, last.left) - BEYOND,
            top: Math.min(from.top, last.top) - BEYOND
          },
          {
            left: Math.max(from.left, last.left) + BEYOND,
            top: Math.max(from.top, last.top) + BEYOND
          }
        );
      }
      event.currentTarget.querySelector<SVGElement>(`[data-runlore-point="${to.id}"]`)?.focus();
    } else if (event.key === ' ') {
      selection.toggle(current.id);
    } else if (event.key === 'Escape') {
      selection.clear();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return { current: current?.id, onFocus, onKeyDown };
}

/** Where a key leads from a point: the point itself at the edge, undefined where the key leads nowhere. */
function nextPoint(points: readonly IPoint[], from: IPoint, key: string): IPoint | undefined {
  const moves: Record<string, [axis: 'left' | 'top', step: number] | undefined> = {
    ArrowRight: ['left', 1],
    ArrowLeft: ['left', -1],
    ArrowDown: ['top', 1],
    ArrowUp: ['top', -1],
    Home: ['left', -points.length],
    End: ['left', points.length]
  };
  const move = moves[key];
  if (move === undefined) {
    return undefined;
  }
  const [axis, step] = move;
  const other = axis === 'left' ? 'top' : 'left';
  const sorted = [...points].sort((a, b) => a[axis] - b[axis] || a[other] - b[other]);
  const at = sorted.findIndex(point => point.id === from.id) + step;
  return sorted[Math.min(Math.max(at, 0), sorted.length - 1)];
}
