import { JupyterFrontEnd } from '@jupyterlab/application';

import { Runlore } from '../model/runlore';
import { CommandIds } from '../tokens';

/** Show in the panel the runs that a filter finds. */
export function listRuns(app: JupyterFrontEnd, runlore: Runlore, filter: string): void {
  runlore.search.set({ filter, group: '' });
  void app.commands.execute(CommandIds.showPanel);
}
