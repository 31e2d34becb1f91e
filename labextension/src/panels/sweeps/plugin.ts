import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { showError } from '../jobs/rerun';
import { sweepIcon } from '../marks/icons';
import { MainAreaPages } from '../mainArea';
import { runArgs, targetRun } from '../target';
import type { SweepWidget } from './widget';

/**
 * Adds the dialog for sweeps, and their pages in the main area.
 */
export const sweepsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:sweeps',
  description: 'Asks for sweeps over the parameters of a run, and shows them.',
  autoStart: true,
  requires: [IRunlore],
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const { commands, shell } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const pages = new MainAreaPages<SweepWidget>({
      shell,
      restorer,
      id: 'runlore-sweep',
      type: 'Sweep',
      command: CommandIds.openSweep,
      keyOf: page => page.sweepId,
      argsOf: page => ({ sweepId: page.sweepId })
    });
    const create = async (sweepId: string): Promise<SweepWidget> => {
      const { SweepWidget } = await import('./widget');
      return new SweepWidget({
        runlore,
        sweepId,
        open: runId => void commands.execute(CommandIds.openRun, { runId }),
        trans
      });
    };

    const choose = async (): Promise<string | undefined> => {
      const sweeps = await runlore.sweeps.sweeps();
      const items = sweeps.map(({ sweep_id: id, request, state }) =>
        [id, request.name ?? '', request.metric, state].filter(part => part !== '').join(' · ')
      );
      if (items.length === 0) {
        throw new Error(trans.__('There is no sweep yet; the menu of a run begins one'));
      }
      const { value } = await InputDialog.getItem({ title: trans.__('Open a sweep'), items });
      return value === null ? undefined : sweeps[items.indexOf(value)]?.sweep_id;
    };

    commands.addCommand(CommandIds.sweep, {
      label: trans.__('Sweep…'),
      caption: trans.__('Try many values of the parameters of a run'),
      icon: sweepIcon,
      describedBy: runArgs(trans),
      isEnabled: args => targetRun(app, runlore, args) !== undefined,
      execute: async args => {
        const runId = targetRun(app, runlore, args);
        if (runId !== undefined) {
          const { askSweep } = await import('./dialog');
          const begun = await askSweep(runlore, runId, trans);
          if (begun) {
            await commands.execute(CommandIds.openSweep, { sweepId: begun.sweep_id });
          }
        }
      }
    });

    commands.addCommand(CommandIds.openSweep, {
      label: trans.__('Open Sweep…'),
      caption: trans.__('Show the trials and plots of a sweep'),
      icon: sweepIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            sweepId: {
              type: 'string',
              description: trans.__('The sweep; asked for where it is left out')
            }
          }
        }
      },
      execute: async args => {
        let sweepId = typeof args.sweepId === 'string' ? args.sweepId : undefined;
        try {
          sweepId ??= await choose();
        } catch (error) {
          await showError(trans.__('Cannot open a sweep'), error);
        }
        const id = sweepId;
        if (id !== undefined) {
          await pages.open(id, () => create(id));
        }
      }
    });

    const category = trans.__('Runlore');
    palette?.addItem({ command: CommandIds.sweep, category });
    palette?.addItem({ command: CommandIds.openSweep, category });
  }
};
