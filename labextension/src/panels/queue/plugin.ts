import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { pageArea } from '../mainArea';
import { queueIcon } from '../marks/icons';
import type { QueueWidget } from './widget';

const ID = 'runlore-queue';

/**
 * Adds the queue of reruns in the main area.
 */
export const queuePlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:queue',
  description: 'Shows the queue of reruns in the main area.',
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
    const tracker = new WidgetTracker<MainAreaWidget<QueueWidget>>({ namespace: ID });

    commands.addCommand(CommandIds.showQueue, {
      label: trans.__('Show Queue of Reruns'),
      caption: trans.__('Show what runs, what waits and what has ended'),
      icon: queueIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        let widget = tracker.currentWidget;
        if (!widget || widget.isDisposed) {
          const { QueueWidget } = await import('./widget');
          const run = (command: string, runId: string): void =>
            void commands.execute(command, { runId });
          const content = new QueueWidget({
            runlore,
            open: runId => run(CommandIds.openRun, runId),
            openNotebook: runId => run(CommandIds.openNotebook, runId),
            trans
          });
          widget = new MainAreaWidget({ content });
          widget.toolbar.hide(); // it holds nothing
          widget.id = ID;
          await tracker.add(widget);
          shell.add(widget, pageArea(shell), { type: 'Queue' });
        }
        shell.activateById(widget.id);
      }
    });
    palette?.addItem({ command: CommandIds.showQueue, category: trans.__('Runlore') });
    if (restorer) {
      void restorer.restore(tracker, { command: CommandIds.showQueue, name: () => ID });
    }
  }
};
