import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';

import { RunloreClient } from '../api/client';
import { IRunlore } from '../tokens';
import { Runlore } from './runlore';

/**
 * Provides the recorded runs.
 */
export const modelPlugin: JupyterFrontEndPlugin<IRunlore> = {
  id: 'runlore:model',
  description: 'Provides the runs that Runlore recorded.',
  autoStart: true,
  provides: IRunlore,
  optional: [IStateDB],
  activate: (app: JupyterFrontEnd, state: IStateDB | null): IRunlore =>
    new Runlore({
      client: new RunloreClient(app.serviceManager.serverSettings),
      stream: app.serviceManager.events.stream,
      state
    })
};
