import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { DOMAIN, IRunlore } from '../../tokens';

/**
 * Puts code that a chart was asked for into the notebook, else on the clipboard.
 */
export const curvesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:curves',
  description: 'Puts the code that draws a chart into a cell of the notebook.',
  autoStart: true,
  requires: [IRunlore],
  optional: [INotebookTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    notebooks: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    runlore.codeOffered.connect((_, code) => {
      const panel = notebooks?.currentWidget;
      const notebook = panel?.isVisible ? panel.content : null;
      if (panel && notebook?.model && !notebook.model.readOnly) {
        NotebookActions.insertBelow(notebook);
        notebook.activeCell?.model.sharedModel.setSource(code);
        app.shell.activateById(panel.id);
        return;
      }
      Clipboard.copyToSystem(code);
      Notification.info(trans.__('The code is on the clipboard; no notebook is open.'), {
        autoClose: 5000
      });
    });
  }
};
