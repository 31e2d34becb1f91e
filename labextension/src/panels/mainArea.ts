import { JupyterFrontEnd, LabShell } from '@jupyterlab/application';
import { Widget } from '@lumino/widgets';

/**
 * Add a page where there is most room for it, and show it: in the main area, and at the right in Jupyter Notebook, whose
 * main area holds the notebook and nothing else.
 */
export function addPage(shell: JupyterFrontEnd.IShell, page: Widget, type: string): void {
  shell.add(page, shell instanceof LabShell ? 'main' : 'right', { type });
  shell.activateById(page.id);
}
