import * as React from 'react';

import { CompareSelection } from '../../model/compareSelection';

/** The run under the pointer, in whichever view of the comparison; null for none. */
export function useHovered(selection: CompareSelection): string | null {
  const subscribe = React.useCallback(
    (notify: () => void) => {
      selection.hoverChanged.connect(notify);
      return () => void selection.hoverChanged.disconnect(notify);
    },
    [selection]
  );
  return React.useSyncExternalStore(subscribe, () => selection.hovered);
}
