import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification, showErrorMessage } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { IRecordedNotebook } from '../api/notebookTypes';
import { rerunIcon, runsIcon } from '../panels/marks/icons';
import { CommandIds, DOMAIN, IRunlore } from '../tokens';
import { listRuns } from './listRuns';

const RANK = 20;

/**
 * Adds what can be done with the runs of a notebook file, and a card to the launcher.
 */
export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:files',
  description: 'Adds commands on the runs of a notebook file, and the runs to the launcher.',
  autoStart: true,
  requires: [IRunlore],
  optional: [IFileBrowserFactory, INotebookTracker, ILauncher, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    files: IFileBrowserFactory | null,
    notebooks: INotebookTracker | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const { commands, serviceManager } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);

    /** The notebook named, the file under the context menu, or the notebook that is open. */
    const pathOf = (args: ReadonlyPartialJSONObject): string | undefined => {
      if (typeof args.path === 'string') {
        return args.path;
      }
      const chosen = args.fromMenu === true && files?.tracker.currentWidget?.selectedItems().next();
      return chosen && !chosen.done ? chosen.value.path : notebooks?.currentWidget?.context.path;
    };
    const add = (
      command: string,
      options: Omit<Parameters<typeof commands.addCommand>[1], 'execute' | 'describedBy'>,
      act: (found: IRecordedNotebook) => unknown
    ): void => {
      commands.addCommand(command, {
        isEnabled: args => pathOf(args) !== undefined,
        ...options,
        describedBy: {
          args: {
            type: 'object',
            properties: {
              path: { type: 'string', description: trans.__('The notebook') },
              fromMenu: {
                type: 'boolean',
                description: trans.__('Whether the notebook is the one under the context menu')
              }
            }
          }
        },
        execute: async args => {
          const path = pathOf(args);
          if (path === undefined) {
            return;
          }
          try {
            const found = await runlore.client.cells(serviceManager.contents.localPath(path));
            if (found.newest === null) {
              Notification.info(trans.__('No run of %1 is recorded.', path), { autoClose: 5000 });
            } else {
              await act(found);
            }
          } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            await showErrorMessage(trans.__('Cannot look up the runs of %1', path), why);
          }
        }
      });
    };

    add(
      CommandIds.showNotebookRuns,
      {
        label: trans.__('Show Runs of Notebook'),
        caption: trans.__('Show the runs of this notebook, and no others, in the panel'),
        icon: runsIcon
      },
      ({ notebook }) => listRuns(app, runlore, `notebook = '${notebook.replaceAll("'", "''")}'`)
    );
    add(
      CommandIds.rerunNotebook,
      {
        label: trans.__('Rerun Last Run of Notebook'),
        caption: trans.__('Repeat the newest run of this notebook exactly'),
        icon: rerunIcon
      },
      ({ newest }) => commands.execute(CommandIds.rerun, { runId: newest })
    );
    add(
      CommandIds.sweepNotebook,
      {
        label: trans.__('Sweep over Last Run of Notebook…'),
        caption: trans.__('Rerun the newest run of this notebook with many parameters'),
        isVisible: () => commands.hasCommand(CommandIds.sweep)
      },
      ({ newest }) => commands.execute(CommandIds.sweep, { runId: newest })
    );

    const category = trans.__('Runlore');
    const { showNotebookRuns, rerunNotebook } = CommandIds;
    for (const command of [showNotebookRuns, rerunNotebook]) {
      palette?.addItem({ command, category });
    }
    launcher?.add({ command: CommandIds.showPanel, category: trans.__('Other'), rank: RANK });
  }
};
