import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { MainAreaPages } from '../mainArea';
import { queueIcon } from '../marks/icons';
import type { QueueWidget } from './widget';

/** There is one queue, and one page of it. */
const ONLY = 'page';

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
    const pages = new MainAreaPages<QueueWidget>({
      shell,
      restorer,
      id: 'runlore-queue',
      type: 'Queue',
      command: CommandIds.showQueue,
      keyOf: () => ONLY
    });
    const create = async (): Promise<QueueWidget> => {
      const { QueueWidget } = await import('./widget');
      const run = (command: string, runId: string): void =>
        void commands.execute(command, { runId });
      return new QueueWidget({
        runlore,
        open: runId => run(CommandIds.openRun, runId),
        openNotebook: runId => run(CommandIds.openNotebook, runId),
        openSweep: sweepId => void commands.execute(CommandIds.openSweep, { sweepId }),
        trans
      });
    };

    commands.addCommand(CommandIds.showQueue, {
      label: trans.__('Show Queue of Reruns'),
      caption: trans.__('Show what runs, what waits and what has ended'),
      icon: queueIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        await pages.open(ONLY, create);
      }
    });
    palette?.addItem({ command: CommandIds.showQueue, category: trans.__('Runlore') });
  }
};
