import { JupyterFrontEnd } from '@jupyterlab/application';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

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

/**
 * What the arguments of a command on a run are, for those who ask what it takes.
 *
 * @param more - what it takes besides the run.
 */
export function runArgs(
  trans: TranslationBundle,
  more: ReadonlyPartialJSONObject = {}
): NonNullable<CommandRegistry.ICommandOptions['describedBy']> {
  return {
    args: {
      type: 'object',
      properties: {
        runId: { type: 'string', description: trans.__('The run that is meant') },
        fromMenu: {
          type: 'boolean',
          description: trans.__('Whether the run is the one under the context menu')
        },
        ...more
      }
    }
  };
}

/** The run whose page is open, or the last one in the chart. */
function shownRun(app: JupyterFrontEnd, runlore: Runlore): string | undefined {
  const page = app.shell.currentWidget?.node.querySelector<HTMLElement>('[data-runlore-details]');
  return page?.dataset.runloreDetails ?? runlore.selection.shown.at(-1);
}
