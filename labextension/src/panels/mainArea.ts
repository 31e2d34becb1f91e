import { JupyterFrontEnd, LabShell } from '@jupyterlab/application';

/**
 * Where pages have most room: in the main area, and at the right in Jupyter Notebook, whose main area holds the notebook
 * and nothing else.
 */
export function pageArea(shell: JupyterFrontEnd.IShell): 'main' | 'right' {
  return shell instanceof LabShell ? 'main' : 'right';
}
