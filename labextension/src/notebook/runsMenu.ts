import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

import { ICellMark } from '../model/notebookRecord';
import { ageText } from '../panels/marks/age';
import { statusIcons } from '../panels/marks/icons';
import { statusWord } from '../panels/marks/marks';
import { presentTime } from '../panels/visible';

const MOST = 10;

/**
 * What can be done with the runs of a cell; null where nothing can do it.
 */
export interface ICellRunActions {
  open(runId: string): void;
  rerun(runId: string): void;
  compare: ((runIds: string[]) => void) | null;
  /** Show them, and no others, in the panel. */
  list(runIds: string[]): void;
}

/** Open a menu of a cell's runs at an element. */
export function openRunsMenu(
  mark: ICellMark,
  at: HTMLElement,
  actions: ICellRunActions,
  trans: TranslationBundle
): void {
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  const ids = mark.runs.map(run => run.run_id);
  const add = (id: string, label: string, execute: () => void): void => {
    commands.addCommand(id, { label, execute });
    menu.addItem({ command: id });
  };
  for (const run of mark.runs.slice(0, MOST)) {
    const words = [statusWord(run.status, trans), ageText(presentTime() - run.started, trans)];
    commands.addCommand(run.run_id, {
      label: `${run.name} (${words.join(', ')})`,
      icon: statusIcons[run.status],
      execute: () => actions.open(run.run_id)
    });
    menu.addItem({ command: run.run_id });
  }
  menu.addItem({ type: 'separator' });
  const [newest] = ids;
  const { compare } = actions;
  if (newest !== undefined) {
    add('rerun', trans.__('Rerun the Newest'), () => actions.rerun(newest));
  }
  if (compare && ids.length > 1) {
    add('compare', trans.__('Compare These Runs'), () => compare(ids));
  }
  add('list', trans.__('Show These Runs in the Panel'), () => actions.list(ids));
  // Chosen items run after the menu has closed.
  menu.aboutToClose.connect(() => setTimeout(() => menu.dispose(), 0));
  const { left, bottom } = at.getBoundingClientRect();
  menu.open(left, bottom);
}
