import { TranslationBundle } from '@jupyterlab/translation';

import { ICellMark } from '../model/notebookRecord';
import { ActionMenu, openBelow } from '../panels/marks/actionMenu';
import { ageText } from '../panels/marks/age';
import { statusIcons } from '../panels/marks/icons';
import { endWord } from '../panels/marks/marks';
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
  const menu = new ActionMenu();
  const ids = mark.runs.map(run => run.run_id);
  for (const run of mark.runs.slice(0, MOST)) {
    const words = [endWord(run, trans), ageText(presentTime() - run.started, trans)];
    menu.add(`${run.name} (${words.join(', ')})`, () => actions.open(run.run_id), {
      icon: statusIcons[run.status]
    });
  }
  menu.separate();
  const [newest] = ids;
  const { compare } = actions;
  if (newest !== undefined) {
    menu.add(trans.__('Rerun the Newest'), () => actions.rerun(newest));
  }
  if (compare && ids.length > 1) {
    menu.add(trans.__('Compare These Runs'), () => compare(ids));
  }
  menu.add(trans.__('Show These Runs in the Panel'), () => actions.list(ids));
  openBelow(menu, at);
}
