import * as React from 'react';

import { MarksModel } from '../../model/marks';
import { SearchModel } from '../../model/search';
import { IRunActions } from './row';

/** Milliseconds within which typed letters belong together. */
const TYPING = 700;
/** Rows that are marked at once by a range; Ctrl+A marks all. */
export const MOST_IN_RANGE = 1000;

/**
 * What the keys in the list work on.
 */
export interface IKeyTarget {
  search: SearchModel;
  marks: MarksModel;
  actions: IRunActions;
  /** The row of the keyboard. */
  current: number;
  /** Rows that are seen at once. */
  page: number;
  /** The name of the run in a row; undefined where none is loaded. */
  nameAt: (index: number) => string | undefined;
  goTo: (index: number) => void;
  onFilter: () => void;
}

/**
 * The keys of the list: arrows move, with Shift they mark; Space shows, Enter opens, R reruns, F2 renames, Delete
 * deletes, Ctrl+Z takes that back, / filters, Ctrl+A marks all, and letters go to the next run whose name begins so.
 */
export function useKeys(target: IKeyTarget): (event: React.KeyboardEvent) => void {
  const anchor = React.useRef<number | null>(null);
  const typed = React.useRef({ text: '', at: 0 });
  return event => {
    const text = Date.now() - typed.current.at < TYPING ? typed.current.text : '';
    const act = commandOf(event, target, anchor, text);
    const isLetter = /^\S$/u.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    } else if (isLetter && isRow(event)) {
      event.preventDefault();
      event.stopPropagation();
      typed.current = { text: text + event.key.toLowerCase(), at: Date.now() };
      goToName(target, typed.current.text);
    }
  };
}

function commandOf(
  event: React.KeyboardEvent,
  target: IKeyTarget,
  anchor: React.MutableRefObject<number | null>,
  typed: string
): (() => void) | undefined {
  const { search, marks, actions, current, page, goTo, onFilter } = target;
  const row = search.rows.row(current);
  const runId = row?.kind === 'run' ? row.runId : undefined;
  const go = (index: number): void => {
    const to = Math.min(Math.max(index, 0), search.rows.count - 1);
    if (event.shiftKey) {
      anchor.current ??= current;
      void markRange(target, anchor.current, to);
    } else {
      anchor.current = null;
    }
    goTo(to);
  };
  const moves: Record<string, number | undefined> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    PageDown: current + page,
    PageUp: current - page,
    Home: 0,
    End: search.rows.count - 1
  };
  const to = moves[event.key];
  if (event.altKey) {
    return undefined;
  }
  if (event.ctrlKey || event.metaKey) {
    const controls: Record<string, (() => void) | undefined> = {
      a: () => marks.all(),
      z: () => actions.undo(),
      ' ': runId === undefined ? undefined : () => marks.toggle(runId)
    };
    return controls[event.key];
  }
  if (to !== undefined) {
    return () => go(to);
  }
  if (event.key === '/' || event.key === 'Escape') {
    return event.key === '/' ? onFilter : () => marks.clear();
  }
  if (!isRow(event)) {
    return undefined; // a button within the row has its own Space and Enter
  }
  if (row?.kind === 'group') {
    const { group, isOpen } = row;
    const turns = ['Enter', ' ', isOpen ? 'ArrowLeft' : 'ArrowRight'];
    return turns.includes(event.key) ? () => search.toggle(group) : undefined;
  }
  if (runId === undefined || (event.key === 'r' && typed !== '')) {
    return undefined;
  }
  const keys: Record<string, (() => void) | undefined> = {
    ' ': () => actions.toggle(runId),
    Enter: () => actions.open(runId),
    F2: () => actions.rename(runId),
    Delete: () => actions.remove(runId),
    r: () => actions.rerun(runId)
  };
  return keys[event.key];
}

/** Mark the runs from one row to another, in whichever direction. */
export async function markRange(
  { search, marks }: Pick<IKeyTarget, 'search' | 'marks'>,
  from: number,
  to: number
): Promise<void> {
  const far =
    to > from ? Math.min(to, from + MOST_IN_RANGE - 1) : Math.max(to, from - MOST_IN_RANGE + 1);
  marks.only(await search.runIds(Math.min(from, far), Math.max(from, far) + 1));
}

function goToName(target: IKeyTarget, text: string): void {
  const { search, current, nameAt, goTo } = target;
  const { count } = search.rows;
  // One letter looks behind the present row, more may go on matching it.
  const first = text.length === 1 ? 1 : 0;
  for (let step = first; step < count + first; step++) {
    const index = (current + step) % count;
    if (nameAt(index)?.toLowerCase().startsWith(text)) {
      goTo(index);
      return;
    }
  }
}

function isRow(event: React.KeyboardEvent): boolean {
  return (event.target as HTMLElement).dataset.runloreKey !== undefined;
}
