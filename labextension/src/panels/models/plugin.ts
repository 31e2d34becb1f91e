import { Notification } from '@jupyterlab/apputils';

import { addressOf } from '../../api/models';
import { CommandIds } from '../../tokens';
import { commandPlugin } from '../commandPlugin';
import { targetRun } from '../target';

/**
 * Adds the command that registers a model of a run in MLflow.
 */
export const modelsPlugin = commandPlugin(
  'runlore:models',
  'Registers models of runs in the model registry of MLflow.',
  ({ app, runlore, trans, list }) => {
    const { commands } = app;
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
    list(CommandIds.registerModel);
  }
);
