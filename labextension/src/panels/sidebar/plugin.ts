import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { sourceArgs } from '../../model/compareSource';
import { CommandIds, IRunlore } from '../../tokens';
import { COLOR_COUNT } from '../../model/colors';
import { IPreferences } from '../../model/preferences';
import { RunsSection } from '../runs/section';
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
  optional: [ILayoutRestorer, INotebookTracker, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null,
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
        compare: source => void app.commands.execute(CommandIds.compare, sourceArgs(source)),
        tracking: notebooks ? trackingOf(app, notebooks) : undefined
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

/** How the notebook that is open is tracked: by the command, as everywhere. */
function trackingOf(app: JupyterFrontEnd, notebooks: INotebookTracker): RunsSection.ITracking {
  const { trackNotebook } = CommandIds;
  return {
    get isPossible() {
      return app.commands.hasCommand(trackNotebook) && app.commands.isEnabled(trackNotebook);
    },
    changed: notebooks.currentChanged,
    track: () => void app.commands.execute(trackNotebook)
  };
}

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
