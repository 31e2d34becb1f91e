import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../tokens';
import { StatusItem } from './statusItem';

/**
 * Tells of reruns at work in the status bar.
 */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:status',
  description: 'Tells of reruns at work in the status bar.',
  autoStart: true,
  requires: [IRunlore],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const { commands } = app;
    const execute = (command: string, runId: string): void =>
      void commands.execute(command, { runId });
    const item = new StatusItem({
      jobs: runlore.jobs,
      actions: {
        open: runId => execute(CommandIds.openRun, runId),
        stop: runId => execute(CommandIds.stopJob, runId)
      },
      showAll: () => {
        const { showQueue, showPanel } = CommandIds;
        void commands.execute(commands.hasCommand(showQueue) ? showQueue : showPanel);
      },
      trans: (translator ?? nullTranslator).load(DOMAIN)
    });
    statusBar?.registerStatusItem('runlore:status', {
      item,
      align: 'left',
      rank: 5,
      isActive: () => runlore.jobs.active.length > 0,
      activeStateChanged: runlore.jobs.changed
    });
    // What was queued before the page was loaded, and elsewhere, once all that matters more is there.
    const look = (): void => void runlore.jobs.refresh().catch(() => undefined);
    void app.restored.then(look);
    runlore.news.connect((_, { jobs }) => {
      if (jobs.size > 0 && runlore.jobs.active.length === 0 && !document.hidden) {
        look();
      }
    });
  }
};
