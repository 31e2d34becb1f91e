import * as React from 'react';

import { ISize } from './layout';

/** The size of an element as it changes; null while it is hidden. */
export function useSize(ref: React.RefObject<HTMLElement>): ISize | null {
  const [size, setSize] = React.useState<ISize | null>(null);
  // Measured before anything is painted: what depends on the size is there in the first frame.
  React.useLayoutEffect(() => {
    const node = ref.current;
    if (!node) {
      return;
    }
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = node;
      setSize(old => {
        const isSame = old?.width === width && old.height === height;
        return isSame ? old : width > 0 && height > 0 ? { width, height } : null;
      });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
