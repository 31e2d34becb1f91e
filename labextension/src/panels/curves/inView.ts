import * as React from 'react';

/** Pixels beyond the view in which charts are drawn already. */
const AHEAD = 200;
/** Charts that stay drawn when they leave the view; of more, those that left it first go. */
const MOST = 24;

/**
 * The metrics whose charts are in view or were last, of elements with `data-multiple` within the root.
 *
 * @param metrics - All that have such an element, in their order.
 * @param first - As many are taken for seen before anything is known about the view.
 */
export function useInView(
  root: React.RefObject<HTMLElement>,
  metrics: readonly string[],
  first: number
): ReadonlySet<string> {
  const [seen, setSeen] = React.useState<ReadonlySet<string>>(new Set());
  const all = metrics.join('\n');
  React.useEffect(() => {
    const node = root.current;
    if (!node) {
      return;
    }
    const inView = new Set<string>();
    const observer = new IntersectionObserver(
      entries => {
        for (const { target, isIntersecting } of entries) {
          const { multiple = '' } = (target as HTMLElement).dataset;
          inView[isIntersecting ? 'add' : 'delete'](multiple);
        }
        setSeen(before => {
          if ([...inView].every(metric => before.has(metric))) {
            return before;
          }
          const left = [...before].filter(metric => !inView.has(metric));
          const kept = Math.max(MOST - inView.size, 0);
          return new Set([...left.slice(left.length - Math.min(kept, left.length)), ...inView]);
        });
      },
      { root: scrollingParent(node), rootMargin: `${AHEAD}px 0px` }
    );
    node.querySelectorAll('[data-multiple]').forEach(one => observer.observe(one));
    return () => observer.disconnect();
  }, [root, all]);
  return React.useMemo(
    () => new Set([...all.split('\n').slice(0, first), ...seen]),
    [all, first, seen]
  );
}

/** Milliseconds for all charts of a view to be fetched and drawn. */
const PATIENCE = 60_000;

/**
 * Settles once every element with `data-multiple` within the root has its chart, or nothing to draw.
 *
 * Rejects when that takes longer than a minute.
 */
export async function allDrawn(root: HTMLElement, isLoading: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  const isDrawn = (place: Element): boolean =>
    place.childElementCount > 1 && // its caption stands there from the start
    (place.querySelector('.jp-Runlore-chart') === null ||
      place.querySelector('.main-svg') !== null);
  while (isLoading() || ![...root.querySelectorAll('[data-multiple]')].every(isDrawn)) {
    if (performance.now() > deadline) {
      throw new Error('Not all charts could be drawn within a minute');
    }
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
}

/** What scrolls the node; null for the page. */
function scrollingParent(node: HTMLElement): HTMLElement | null {
  let parent = node.parentElement;
  while (parent && !/auto|scroll/.test(getComputedStyle(parent).overflowY)) {
    parent = parent.parentElement;
  }
  return parent;
}
