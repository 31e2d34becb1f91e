import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Runlore } from '../../model/runlore';
import { CommandIds } from '../../tokens';
import { commandPlugin } from '../commandPlugin';
import { showError } from '../jobs/rerun';
import { changeIcon } from '../marks/icons';
import { runArgs, targetRun } from '../target';

/** Runs that are rerun together at the most. */
const MOST_RUNS = 1000;

/**
 * Adds the command that asks how runs are to be rerun, and those that open runs as notebooks.
 */
export const rerunPlugin = commandPlugin(
  'runlore:rerun',
  'Adds the dialog for reruns, and opens what reruns produced.',
  ({ app, runlore, trans, list }) => {
    const { commands, serviceManager } = app;
    const target = (args: ReadonlyPartialJSONObject): string | undefined =>
      targetRun(app, runlore, args);
    const describedBy = runArgs(trans, {
      marked: { type: 'boolean', description: trans.__('Whether all marked runs are meant') }
    });
    const open = async (runId: string, kind: 'rerun' | 'clean'): Promise<void> => {
      try {
        const { place } = await import('./notebooks');
        const copy = await runlore.reruns.notebook(runId, kind);
        const path = await place(serviceManager.contents, copy, kind === 'clean', trans);
        await commands.execute('docmanager:open', { path, factory: 'Notebook' });
      } catch (error) {
        await showError(trans.__('Cannot open the notebook'), error);
      }
    };

    commands.addCommand(CommandIds.rerunWith, {
      label: trans.__('Rerun with Changes…'),
      caption: trans.__('Choose parameters, seeds, kernel and GPUs, and see what is checked first'),
      icon: changeIcon,
      describedBy,
      isEnabled: args =>
        args.marked === true ? runlore.marks.count > 0 : target(args) !== undefined,
      execute: async args => {
        const runIds = await meant(runlore, args.marked === true ? undefined : target(args));
        if (runIds.length > 0) {
          const { askRerun } = await import('./dialog');
          await askRerun(runlore, runIds, trans);
        }
      }
    });

    commands.addCommand(CommandIds.openNotebook, {
      label: trans.__('Open the Notebook of the Rerun'),
      caption: trans.__(
        'Open a copy of what a rerun produced, beside the notebook of its original'
      ),
      describedBy,
      isEnabled: args => target(args) !== undefined,
      isVisible: args => runlore.runs.get(target(args) ?? '')?.rerun_of !== null,
      execute: async args => {
        const runId = target(args);
        if (runId !== undefined) {
          await open(runId, 'rerun');
        }
      }
    });

    commands.addCommand(CommandIds.exportNotebook, {
      label: trans.__('Open as Clean Notebook'),
      caption: trans.__(
        'Write the cells that the run needs as a notebook of their own, and open it'
      ),
      describedBy,
      isEnabled: args => target(args) !== undefined,
      execute: async args => {
        const runId = target(args);
        if (runId !== undefined) {
          await open(runId, 'clean');
        }
      }
    });

    list(CommandIds.rerunWith, CommandIds.openNotebook, CommandIds.exportNotebook);
  }
);

/** The runs that a command is for: the one given and, where it is marked, all marked ones; without one these. */
async function meant(runlore: Runlore, runId: string | undefined): Promise<string[]> {
  const { marks, search } = runlore;
  const selection = runId === undefined ? marks.selection : marks.around(runId);
  if ('runs' in selection) {
    return selection.runs.slice(0, MOST_RUNS);
  }
  const found = await search.runIds(0, Math.min(search.rows.count, MOST_RUNS));
  return found.filter(found => !selection.except.includes(found));
}
