/** Do something behind everything else, for what will soon be wanted. */
export function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) {
    requestIdleCallback(work);
  } else {
    setTimeout(work, 200); // Safari
  }
}
