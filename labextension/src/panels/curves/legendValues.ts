import * as React from 'react';

import { Cursor, IPointed } from '../../charts/cursor';

/** Milliseconds between two values in one place, at the least: digits that change faster are not read. */
const PACE = 50;

/**
 * What the table says while the cursor is somewhere.
 */
interface IWords {
  caption: string;
  /** What the elements of a cell say; by row and column from 0, the names of the rows not counted. */
  cell: (row: number, column: number) => readonly string[];
}

/**
 * Write the values where the cursor is into a table, without rendering it, and into the rows that are in view alone.
 */
export function useValues(
  cursor: Cursor,
  table: React.RefObject<HTMLTableElement>,
  wordsAt: (at: IPointed | null) => IWords
): void {
  React.useLayoutEffect(() => {
    const rows = [...(table.current?.tBodies[0]?.rows ?? [])];
    const inView = new Set<HTMLTableRowElement>(rows);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const write = (): void => {
      timer = undefined;
      const words = wordsAt(cursor.at);
      setText(table.current?.caption, words.caption);
      rows.forEach((row, number) => {
        if (inView.has(row)) {
          [...row.cells].slice(1).forEach((cell, place) => {
            const texts = words.cell(number, place);
            [...cell.children].forEach((part, at) => setText(part, texts[at] ?? ''));
          });
        }
      });
    };
    const writeSoon = (): void => {
      timer ??= setTimeout(write, PACE);
    };
    write();
    const observer = new IntersectionObserver(entries => {
      entries.forEach(({ target, isIntersecting }) =>
        inView[isIntersecting ? 'add' : 'delete'](target as HTMLTableRowElement)
      );
      writeSoon();
    });
    rows.forEach(row => observer.observe(row));
    cursor.changed.connect(writeSoon);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      cursor.changed.disconnect(writeSoon);
    };
  });
}

function setText(node: Element | null | undefined, text: string): void {
  const there = node?.firstChild;
  if (there instanceof Text) {
    // Half the layout of another node in its place.
    if (there.data !== text) {
      there.data = text;
    }
  } else if (node && text !== '') {
    node.textContent = text;
  }
}
