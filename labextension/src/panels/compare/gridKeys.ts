import * as React from 'react';

import { CompareRow } from '../../model/compareGroups';
import { CompareSelection } from '../../model/compareSelection';

/**
 * What keys and clicks in the table work on.
 */
export interface IGridTarget {
  rows: readonly CompareRow[];
  selection: CompareSelection;
  /** The row of the keyboard. */
  current: number;
  /** Rows that are seen at once. */
  page: number;
  goTo: (index: number) => void;
  onOpen: (runId: string) => void;
  /** Folds a group, or unfolds it. */
  onFold: (key: string) => void;
}

/**
 * Arrows move, with Shift they select; Space selects, Enter opens, Ctrl+A selects all, Escape nothing. A click selects
 * or takes back, with Shift all rows from the last one on. On the head of a group, arrows to the side and clicks fold,
 * and Space selects its runs.
 */
export function useGridKeys(target: IGridTarget): {
  onKeyDown: (event: React.KeyboardEvent) => void;
  onClick: (event: React.MouseEvent, index: number) => void;
} {
  const anchor = React.useRef<number | null>(null);
  const latest = React.useRef(target);
  React.useLayoutEffect(() => {
    latest.current = target;
  });
  // The same function at every rendering, so that rows that did not change are not rendered.
  const onClick = React.useCallback((event: React.MouseEvent, index: number): void => {
    const { rows, selection, onFold } = latest.current;
    const row = rows[index];
    if (event.shiftKey) {
      selectTo(latest.current, anchor, index);
    } else if (row?.group) {
      onFold(row.key);
    } else if (row && event.detail < 2) {
      anchor.current = index;
      selection.toggle(row.key);
    }
  }, []);
  return {
    onClick,
    onKeyDown: event => {
      const act = commandOf(event, target, anchor);
      if (act) {
        event.preventDefault();
        event.stopPropagation();
        act();
      }
    }
  };
}

type Anchor = React.MutableRefObject<number | null>;

function selectTo(target: IGridTarget, anchor: Anchor, index: number): void {
  const from = anchor.current ?? target.current;
  anchor.current = from;
  const range = target.rows.slice(Math.min(from, index), Math.max(from, index) + 1);
  target.selection.only(range.flatMap(idsOf));
}

function idsOf(row: CompareRow): string[] {
  return row.group ? row.group.runs.map(run => run.run_id) : [row.run.run_id];
}

function commandOf(
  event: React.KeyboardEvent,
  target: IGridTarget,
  anchor: Anchor
): (() => void) | undefined {
  const { rows, selection, current, page, goTo } = target;
  const row = rows[current];
  if (event.altKey || row === undefined) {
    return undefined;
  }
  if (event.ctrlKey || event.metaKey) {
    return event.key === 'a' ? () => selection.only(rows.flatMap(idsOf)) : undefined;
  }
  const moves: Record<string, number | undefined> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    PageDown: current + page,
    PageUp: current - page,
    Home: 0,
    End: rows.length - 1
  };
  const to = moves[event.key];
  if (to !== undefined) {
    return () => {
      const index = Math.min(Math.max(to, 0), rows.length - 1);
      if (event.shiftKey) {
        selectTo(target, anchor, index);
      } else {
        anchor.current = null;
      }
      goTo(index);
    };
  }
  if (event.key === 'Escape') {
    return () => selection.clear();
  }
  const isRow = (event.target as HTMLElement).role === 'row';
  return isRow ? rowKeys(row, target)[event.key] : undefined; // a button of a head has keys of its own
}

function rowKeys(row: CompareRow, target: IGridTarget): Record<string, (() => void) | undefined> {
  const { selection, onFold, onOpen } = target;
  if (!row.group) {
    return { ' ': () => selection.toggle(row.key), Enter: () => onOpen(row.key) };
  }
  const { key, isOpen } = row.group;
  return {
    ' ': () => selection.only(idsOf(row)),
    Enter: () => onFold(key),
    ArrowRight: isOpen ? undefined : () => onFold(key),
    ArrowLeft: isOpen ? () => onFold(key) : undefined
  };
}
