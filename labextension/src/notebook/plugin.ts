import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ICellMark } from '../model/notebookRecord';
import { rerunIcon, runsIcon, trackIcon } from '../panels/marks/icons';
import { CommandIds, DOMAIN, IRunlore } from '../tokens';
import { CellMarks, cellNow } from './cellMarks';
import { OpenNotebooks } from './openNotebooks';
import { listRuns } from './listRuns';
import { ICellRunActions, openRunsMenu } from './runsMenu';
import { TrackButton } from './trackButton';
import { isTracked } from './tracking';

/** The name of the button in the schema of the toolbar. */
const BUTTON = 'runlore-track';

/**
 * Marks recorded cells, and has notebooks tracked.
 */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:notebook',
  description:
    'Marks the cells whose runs are recorded, and adds the button that tracks a notebook.',
  autoStart: true,
  requires: [IRunlore],
  optional: [INotebookTracker, IToolbarWidgetRegistry, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    tracker: INotebookTracker | null,
    toolbars: IToolbarWidgetRegistry | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    if (!tracker) {
      return; // a page without notebooks
    }
    const { commands, shell, serviceManager } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const open = (runId: string): void => void commands.execute(CommandIds.openRun, { runId });
    const actions: ICellRunActions = {
      open,
      rerun: runId => void commands.execute(CommandIds.rerun, { runId }),
      get compare() {
        return commands.hasCommand(CommandIds.compare)
          ? (runIds: string[]) => void commands.execute(CommandIds.compare, { runIds })
          : null;
      },
      list: runIds => listRuns(app, runlore, `id in (${runIds.map(id => `'${id}'`).join(', ')})`)
    };

    const notebooks = new OpenNotebooks({
      tracker,
      runlore,
      localPath: path => serviceManager.contents.localPath(path),
      added: (panel, record) =>
        new CellMarks({
          panel,
          record,
          preferences: runlore.preferences,
          onClick: (mark, element) => {
            const [only, ...others] = mark.runs;
            if (only && others.length === 0) {
              open(only.run_id);
            } else {
              openRunsMenu(mark, element, actions, trans);
            }
          },
          trans
        })
    });

    const buttons = new Map<NotebookPanel, TrackButton>();
    const buttonOf = (panel: NotebookPanel): TrackButton => {
      const made = buttons.get(panel) ?? new TrackButton(panel, trans);
      buttons.set(panel, made);
      made.disposed.connect(() => buttons.delete(panel));
      return made;
    };
    toolbars?.addFactory<NotebookPanel>('Notebook', BUTTON, buttonOf);

    const current = (): NotebookPanel | null =>
      tracker.currentWidget === shell.currentWidget ? tracker.currentWidget : null;
    commands.addCommand(CommandIds.trackNotebook, {
      label: trans.__('Track This Notebook as One Run'),
      caption: trans.__('Record all that is run in the notebook from here on, or stop to'),
      icon: trackIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isToggleable: true,
      isToggled: () => {
        const panel = current();
        return panel !== null && isTracked(panel);
      },
      isEnabled: () => current() !== null,
      execute: async () => {
        const panel = current();
        if (panel) {
          const shown = buttons.get(panel);
          if (shown) {
            await shown.toggle();
            return;
          }
          // The user has a toolbar without it.
          // eslint-disable-next-line jupyter/require-disposable-ownership -- it is disposed of below, whatever happens
          const hidden = new TrackButton(panel, trans);
          try {
            await hidden.toggle();
          } finally {
            hidden.dispose();
          }
        }
      }
    });

    /** What is recorded of the cell under the context menu, which is the active one. */
    const markOfCell = (): ICellMark | null => {
      const panel = tracker.currentWidget;
      const cell = panel?.content.activeCell && cellNow(panel.content.activeCell.model);
      return (panel && cell && notebooks.of(panel)?.markOf(cell)) ?? null;
    };
    commands.addCommand(CommandIds.showCellRuns, {
      label: () => trans.__('Runs of This Cell (%1)', markOfCell()?.count ?? 0),
      caption: trans.__('Show the runs of the active cell in the panel'),
      icon: runsIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => markOfCell() !== null,
      execute: () => actions.list(markOfCell()?.runs.map(run => run.run_id) ?? [])
    });
    commands.addCommand(CommandIds.rerunCell, {
      label: trans.__('Rerun Last Run of This Cell'),
      caption: trans.__('Repeat the newest run of the active cell exactly'),
      icon: rerunIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => markOfCell() !== null,
      execute: async () => {
        const runId = markOfCell()?.runs[0]?.run_id;
        if (runId !== undefined) {
          await commands.execute(CommandIds.rerun, { runId });
        }
      }
    });
    const { trackNotebook, showCellRuns, rerunCell } = CommandIds;
    for (const command of [trackNotebook, showCellRuns, rerunCell]) {
      palette?.addItem({ command, category: trans.__('Runlore') });
    }
  }
};
