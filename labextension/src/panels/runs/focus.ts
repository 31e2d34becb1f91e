import * as React from 'react';

import { SearchModel } from '../../model/search';

interface IHeld {
  key: string | null;
  index: number;
}

/**
 * The row of the keyboard, and how it moves to the row of a key: Tab enters the list there. Where that row is gone it
 * is the one that took its place, at first the top one.
 */
export function useCurrentRow(rows: SearchModel['rows']): [number, (key: string | null) => void] {
  const [held, setHeld] = React.useState<IHeld>({ key: null, index: 0 });
  const found = held.key === null ? undefined : rows.indexOf(held.key);
  if (found !== undefined && found !== held.index) {
    setHeld({ ...held, index: found });
  }
  const moveTo = React.useCallback((key: string | null) => setHeld({ key, index: 0 }), []);
  return [found ?? Math.max(Math.min(held.index, rows.count - 1), 0), moveTo];
}

/**
 * Keeps the focus in the list when the row that had it is gone; what is returned are properties of the list.
 *
 * @param onLost - Called where that has happened.
 */
export function useKeptFocus(
  onLost: () => void
): Pick<React.HTMLAttributes<HTMLElement>, 'onFocus' | 'onBlur'> {
  const isWithin = React.useRef(false);
  // React tells of no blur where it takes the focused element out itself.
  React.useLayoutEffect(() => {
    if (isWithin.current && document.activeElement === document.body) {
      isWithin.current = false;
      onLost();
    }
  });
  return {
    onFocus: () => {
      isWithin.current = true;
    },
    onBlur: () => {
      isWithin.current = false;
    }
  };
}
