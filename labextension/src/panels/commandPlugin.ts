import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, TranslationBundle, nullTranslator } from '@jupyterlab/translation';

import { DOMAIN, IRunlore } from '../tokens';

/**
 * What a plugin that adds nothing but commands works with.
 */
export interface ICommandTools {
  readonly app: JupyterFrontEnd;
  readonly runlore: IRunlore;
  readonly trans: TranslationBundle;

  /**
   * Lists commands in the palette, where there is one.
   */
  list(...commands: string[]): void;
}

/**
 * A plugin that adds commands, and needs nothing of Lab but its palette for them.
 */
export function commandPlugin(
  id: string,
  description: string,
  add: (tools: ICommandTools) => void
): JupyterFrontEndPlugin<void> {
  return {
    id,
    description,
    autoStart: true,
    requires: [IRunlore],
    optional: [ICommandPalette, ITranslator],
    activate: (
      app: JupyterFrontEnd,
      runlore: IRunlore,
      palette: ICommandPalette | null,
      translator: ITranslator | null
    ) => {
      const trans = (translator ?? nullTranslator).load(DOMAIN);
      const list = (...commands: string[]): void => {
        for (const command of commands) {
          palette?.addItem({ command, category: trans.__('Runlore') });
        }
      };
      add({ app, runlore, trans, list });
    }
  };
}
