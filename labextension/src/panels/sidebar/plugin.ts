import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { sourceArgs } from '../../model/compareSource';
import { CommandIds, IRunlore } from '../../tokens';
import { RunlorePanel } from './panel';

const ID = 'runlore:plugin';
/** Below the file browser, the running kernels and the table of contents. */
const RANK = 450;

/**
 * Adds the sidebar, and reads the settings.
 */
export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows recorded runs and their learning curves in the sidebar.',
  autoStart: true,
  requires: [IRunlore],
  optional: [ILayoutRestorer, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const run = (command: string, runId: string): void =>
      void app.commands.execute(command, { runId });
    const panel = new RunlorePanel({
      runlore,
      actions: {
        open: runId => run(CommandIds.openRun, runId),
        rerun: runId => run(CommandIds.rerun, runId),
        rerunMarked: () => void app.commands.execute(CommandIds.rerunWith, { marked: true }),
        stop: runId => run(CommandIds.stopJob, runId),
        compare: source => void app.commands.execute(CommandIds.compare, sourceArgs(source))
      },
      translator: translator ?? nullTranslator
    });
    app.shell.add(panel, 'left', { rank: RANK, type: 'Runs' });
    restorer?.add(panel, panel.id);
    if (settings) {
      void follow(settings, runlore);
    }
  }
};

async function follow(registry: ISettingRegistry, runlore: IRunlore): Promise<void> {
  const settings = await registry.load(ID);
  const take = (): void => runlore.preferences.take(settings.composite);
  settings.changed.connect(take);
  take();
}
