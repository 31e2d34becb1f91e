import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN } from '../tokens';
import { cardFactory } from './renderer';

/**
 * Renders the card under tracked cells.
 */
export const cardPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:card',
  description: 'Renders the card that a tracked cell leaves in its output.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null
  ) => {
    rendermime.addFactory(
      cardFactory({
        onOpen: runId => void app.commands.execute(CommandIds.openRun, { runId }),
        trans: (translator ?? nullTranslator).load(DOMAIN)
      })
    );
  }
};
