import * as React from 'react';

import { IRun } from '../../api/types';
import { CompareSelection } from '../../model/compareSelection';

/**
 * What keys and clicks in the table work on.
 */
export interface IGridTarget {
  /** In the order of the table. */
  runs: readonly IRun[];
  selection: CompareSelection;
  /** The row of the keyboard. */
  current: number;
  /** Rows that are seen at once. */
  page: number;
  goTo: (index: number) => void;
  onOpen: (runId: string) => void;
}

/**
 * Arrows move, with Shift they select; Space selects, Enter opens, Ctrl+A selects all, Escape nothing. A click selects
 * or takes back, with Shift all rows from the last one on.
 */
export function useGridKeys(target: IGridTarget): {
  onKeyDown: (event: React.KeyboardEvent) => void;
  onClick: (event: React.MouseEvent, index: number) => void;
} {
  const anchor = React.useRef<number | null>(null);
  const { runs, selection } = target;
  const selectTo = (index: number): void => {
    const from = anchor.current ?? target.current;
    anchor.current = from;
    const range = runs.slice(Math.min(from, index), Math.max(from, index) + 1);
    selection.only(range.map(run => run.run_id));
  };
  return {
    onKeyDown: event => {
      const act = commandOf(event, target, selectTo, anchor);
      if (act) {
        event.preventDefault();
        event.stopPropagation();
        act();
      }
    },
    onClick: (event, index) => {
      if (event.shiftKey) {
        selectTo(index);
        return;
      }
      anchor.current = index;
      const runId = runs[index]?.run_id;
      if (runId !== undefined && event.detail < 2) {
        selection.toggle(runId);
      }
    }
  };
}

function commandOf(
  event: React.KeyboardEvent,
  target: IGridTarget,
  selectTo: (index: number) => void,
  anchor: React.MutableRefObject<number | null>
): (() => void) | undefined {
  const { runs, selection, current, page, goTo, onOpen } = target;
  const runId = runs[current]?.run_id;
  if (event.altKey || runId === undefined) {
    return undefined;
  }
  if (event.ctrlKey || event.metaKey) {
    return event.key === 'a' ? () => selection.only(runs.map(run => run.run_id)) : undefined;
  }
  const moves: Record<string, number | undefined> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    PageDown: current + page,
    PageUp: current - page,
    Home: 0,
    End: runs.length - 1
  };
  const to = moves[event.key];
  if (to !== undefined) {
    return () => {
      const index = Math.min(Math.max(to, 0), runs.length - 1);
      if (event.shiftKey) {
        selectTo(index);
      } else {
        anchor.current = null;
      }
      goTo(index);
    };
  }
  if (event.key === 'Escape') {
    return () => selection.clear();
  }
  if ((event.target as HTMLElement).dataset.runloreCompared === undefined) {
    return undefined; // a button of a head has its own Space and Enter
  }
  const keys: Record<string, (() => void) | undefined> = {
    ' ': () => selection.toggle(runId),
    Enter: () => onOpen(runId)
  };
  return keys[event.key];
}
