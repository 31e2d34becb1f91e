import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addressOf } from '../../api/models';
import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { targetRun } from '../target';

/**
 * Adds the command that registers a model of a run in MLflow.
 */
export const modelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:models',
  description: 'Registers models of runs in the model registry of MLflow.',
  autoStart: true,
  requires: [IRunlore],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const pointed = (name: 'runloreDetails' | 'runloreModel'): string | undefined =>
      app.contextMenuHitTest(node => node.dataset[name] !== undefined)?.dataset[name];

    commands.addCommand(CommandIds.registerModel, {
      label: trans.__('Register a Model…'),
      caption: trans.__('Make a model of the run a version of a registered model in MLflow'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            runId: { type: 'string', description: trans.__('The run that is meant') },
            path: { type: 'string', description: trans.__('The artifact that the model is') },
            fromMenu: {
              type: 'boolean',
              description: trans.__('Whether the run is the one under the context menu')
            }
          }
        }
      },
      isEnabled: args => targetRun(app, runlore, args) !== undefined || args.fromMenu === true,
      execute: async args => {
        const fromMenu = args.fromMenu === true;
        const runId =
          targetRun(app, runlore, args) ?? (fromMenu ? pointed('runloreDetails') : undefined);
        if (runId === undefined) {
          return;
        }
        const given = typeof args.path === 'string' ? args.path : undefined;
        const path = given ?? (fromMenu ? pointed('runloreModel') : undefined) ?? null;
        const { askRegistration } = await import('./dialog');
        const made = await askRegistration(runlore, runId, path, trans);
        if (made) {
          Notification.success(trans.__('Registered as %1', addressOf(made)), { autoClose: 5000 });
        }
      }
    });
    palette?.addItem({ command: CommandIds.registerModel, category: trans.__('Runlore') });
  }
};
