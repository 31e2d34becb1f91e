import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../tokens';
import { cardFactory } from './renderer';

/**
 * Renders the card under tracked cells.
 */
export const cardPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:card',
  description: 'Renders the card that a tracked cell leaves in its output.',
  autoStart: true,
  requires: [IRenderMimeRegistry, IRunlore],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    runlore: IRunlore,
    translator: ITranslator | null
  ) => {
    const execute = (command: string, runId: string): void =>
      void app.commands.execute(command, { runId });
    rendermime.addFactory(
      cardFactory({
        runlore,
        actions: {
          open: runId => execute(CommandIds.openRun, runId),
          rerun: runId => execute(CommandIds.rerun, runId),
          toggle: runId =>
            void runlore.runs.ensure([runId]).then(() => runlore.selection.toggle(runId))
        },
        trans: (translator ?? nullTranslator).load(DOMAIN)
      })
    );
  }
};
