import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { sourceArgs } from '../../model/compareSource';
import { CommandIds, IRunlore } from '../../tokens';
import { COLOR_COUNT } from '../../model/colors';
import { IPreferences } from '../../model/preferences';
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
        showQueue: () => void app.commands.execute(CommandIds.showQueue),
        compare: source => void app.commands.execute(CommandIds.compare, sourceArgs(source))
      },
      translator: translator ?? nullTranslator
    });
    app.shell.add(panel, 'left', { rank: RANK, type: 'Runs' });
    restorer?.add(panel, panel.id);
    let side = 'left';
    runlore.preferences.changed.connect(() => {
      const { preferences } = runlore;
      if (preferences.side !== side) {
        side = preferences.side;
        const isShown = panel.isVisible;
        app.shell.add(panel, side, { rank: RANK, type: 'Runs' });
        if (isShown) {
          app.shell.activateById(panel.id);
        }
      }
      applyLook(preferences);
    });
    if (settings) {
      void follow(settings, runlore);
    }
  }
};

/** What of the settings is a matter of style sheets. */
function applyLook({ cards, colors }: IPreferences): void {
  document.body.classList.toggle('jp-mod-runloreNoCards', !cards);
  for (let index = 0; index < COLOR_COUNT; index++) {
    const color = colors[index];
    const name = `--jp-runlore-color-${index}`;
    // On the body, where it comes before the themes' own on the root.
    if (color === undefined) {
      document.body.style.removeProperty(name);
    } else {
      document.body.style.setProperty(name, color);
    }
  }
}

async function follow(registry: ISettingRegistry, runlore: IRunlore): Promise<void> {
  const settings = await registry.load(ID);
  const take = (): void => runlore.preferences.take(settings.composite);
  settings.changed.connect(take);
  take();
}
