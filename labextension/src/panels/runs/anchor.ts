import { Virtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { SearchModel } from '../../model/search';
import { HEAD_HEIGHT, rowTop } from './geometry';

/** The row at the upper edge, and where it begins. */
interface IAnchor {
  key: string;
  top: number;
}

/**
 * Keeps the row at the upper edge where it is when rows come or go above it. At the very top the newest stay in view.
 */
export function useAnchor(
  virtualizer: Virtualizer<HTMLDivElement, Element>,
  rows: SearchModel['rows']
): void {
  const anchor = React.useRef<IAnchor | null>(null);
  React.useLayoutEffect(() => {
    const element = virtualizer.scrollElement;
    const held = anchor.current;
    // Told by the virtualizer: to ask the element would have all be laid out for each row that comes.
    const offset = virtualizer.scrollOffset ?? 0;
    const index = held && offset > 0 ? rows.indexOf(held.key) : undefined;
    const went = held && index !== undefined ? rowTop(rows, index) - held.top : 0;
    if (went !== 0) {
      // By how far the row went: the user may be scrolling at this moment.
      element?.scrollBy(0, went);
    }
    const remember = (scrolled: number): void => {
      const first = virtualizer.getVirtualItemForOffset(scrolled + HEAD_HEIGHT)?.index;
      const row = first === undefined ? undefined : rows.row(first);
      anchor.current =
        row && first !== undefined ? { key: row.key, top: rowTop(rows, first) } : null;
    };
    remember(offset + went);
    const onScroll = (): void => remember(element?.scrollTop ?? 0);
    element?.addEventListener('scroll', onScroll, { passive: true });
    return () => element?.removeEventListener('scroll', onScroll);
  });
}
