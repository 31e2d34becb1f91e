import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { showError } from '../jobs/rerun';
import { sweepIcon } from '../marks/icons';
import { pageArea } from '../mainArea';
import { targetRun } from '../target';
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
    const tracker = new WidgetTracker<MainAreaWidget<SweepWidget>>({ namespace: 'runlore-sweeps' });

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
      describedBy: {
        args: {
          type: 'object',
          properties: {
            runId: { type: 'string', description: trans.__('The run to repeat') },
            fromMenu: {
              type: 'boolean',
              description: trans.__('Whether the run is the one under the context menu')
            }
          }
        }
      },
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
        if (sweepId === undefined) {
          return;
        }
        const id = sweepId;
        let widget = tracker.find(other => other.content.sweepId === id);
        if (!widget) {
          const { SweepWidget } = await import('./widget');
          const content = new SweepWidget({
            runlore,
            sweepId,
            open: runId => void commands.execute(CommandIds.openRun, { runId }),
            trans
          });
          widget = new MainAreaWidget({ content });
          widget.toolbar.hide(); // it holds nothing
          widget.id = `runlore-sweep-${sweepId}`;
          await tracker.add(widget);
          shell.add(widget, pageArea(shell), { type: 'Sweep' });
        }
        shell.activateById(widget.id);
      }
    });

    const category = trans.__('Runlore');
    palette?.addItem({ command: CommandIds.sweep, category });
    palette?.addItem({ command: CommandIds.openSweep, category });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIds.openSweep,
        args: widget => ({ sweepId: widget.content.sweepId }),
        name: widget => widget.content.sweepId
      });
    }
  }
};
