import { SplitLayout, SplitPanel } from '@lumino/widgets';

/** Pixels that a key moves a border by. */
const STEP = 24;

/**
 * Let the borders between the parts of a panel be moved by arrow keys as well as by the pointer.
 *
 * To be called again after parts were added.
 *
 * @param panel parts beside or above each other.
 * @param label what a border is called.
 */
export function moveByKeys(panel: SplitPanel, label: string): void {
  panel.handles.forEach(handle => {
    const tell = (): void => {
      const isBeside = panel.orientation === 'horizontal';
      const [at, whole] = isBeside
        ? [handle.offsetLeft, panel.node.offsetWidth]
        : [handle.offsetTop, panel.node.offsetHeight];
      // A separator stands across the direction in which the parts follow each other.
      handle.setAttribute('aria-orientation', isBeside ? 'vertical' : 'horizontal');
      handle.setAttribute('aria-valuenow', String(Math.round((100 * at) / Math.max(whole, 1))));
    };
    if (handle.role === 'separator') {
      return;
    }
    handle.role = 'separator';
    handle.tabIndex = 0;
    handle.ariaLabel = label;
    handle.classList.add('jp-Runlore-border');
    tell();
    handle.addEventListener('focus', tell);
    handle.addEventListener('keydown', event => {
      const isBeside = panel.orientation === 'horizontal';
      const [less, more] = isBeside ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
      const sign = { [less]: -1, [more]: 1 }[event.key];
      if (sign === undefined) {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      const at = isBeside ? handle.offsetLeft : handle.offsetTop;
      const index = panel.handles.indexOf(handle);
      (panel.layout as SplitLayout).moveHandle(index, at + sign * STEP);
      // The parts are laid out before the next frame.
      requestAnimationFrame(tell);
    });
  });
}
