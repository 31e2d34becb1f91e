import { JupyterFrontEnd } from '@jupyterlab/application';

import { Runlore } from '../model/runlore';

/**
 * The run that a command is for: the one named, the one under the context menu, the one whose page is
 * open, or the last one in the chart.
 */
export function targetRun(
  app: JupyterFrontEnd,
  runlore: Runlore,
  args: { readonly runId?: unknown; readonly fromMenu?: unknown }
): string | undefined {
  if (typeof args.runId === 'string') {
    return args.runId;
  }
  if (args.fromMenu === true) {
    const row = app.contextMenuHitTest(node => node.dataset.runloreRun !== undefined);
    return row?.dataset.runloreRun;
  }
  return shownRun(app, runlore);
}

/** The run whose page is open, or the last one in the chart. */
function shownRun(app: JupyterFrontEnd, runlore: Runlore): string | undefined {
  const page = app.shell.currentWidget?.node.querySelector<HTMLElement>('[data-runlore-details]');
  return page?.dataset.runloreDetails ?? runlore.selection.shown.at(-1);
}
