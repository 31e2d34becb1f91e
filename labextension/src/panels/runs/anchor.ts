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
    const index = held && element && element.scrollTop > 0 ? rows.indexOf(held.key) : undefined;
    if (held && element && index !== undefined) {
      // By how far the row went: the user may be scrolling at this moment.
      element.scrollBy(0, rowTop(rows, index) - held.top);
    }
    const remember = (): void => {
      const edge = (element?.scrollTop ?? 0) + HEAD_HEIGHT;
      const first = virtualizer.getVirtualItemForOffset(edge)?.index;
      const row = first === undefined ? undefined : rows.row(first);
      anchor.current =
        row && first !== undefined ? { key: row.key, top: rowTop(rows, first) } : null;
    };
    remember();
    element?.addEventListener('scroll', remember, { passive: true });
    return () => element?.removeEventListener('scroll', remember);
  });
}
