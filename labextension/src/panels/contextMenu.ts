import { JupyterFrontEnd } from '@jupyterlab/application';

/**
 * Give the focus back to what a context menu was opened on, where that is ours: Lab leaves it with nobody, and who
 * works by keyboard would begin at the top of the page again.
 */
export function keepFocusAroundMenu({ contextMenu }: JupyterFrontEnd): void {
  let before: HTMLElement | null = null;
  const remember = ({ target }: Event): void => {
    const isOurs = target instanceof Element && target.closest('[class*=jp-Runlore]') !== null;
    before =
      isOurs && document.activeElement instanceof HTMLElement ? document.activeElement : null;
  };
  // Before the menu opens and takes the focus.
  document.addEventListener('contextmenu', remember, { capture: true });
  contextMenu.menu.aboutToClose.connect(() => {
    before?.focus({ preventScroll: true });
    before = null;
  });
}
