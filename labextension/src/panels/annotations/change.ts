import { Dialog, InputDialog, Notification, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IAnnotation, RunSelection } from '../../api/types';
import { Runlore } from '../../model/runlore';

/** Milliseconds for which a deletion can be undone by one click. */
const UNDO = 15000;
/** The notifications that offer to bring back what was deleted: at most the last one. */
const offers: string[] = [];

/**
 * Change what the user says of runs, and tell where that is refused; whether it worked.
 */
export async function changeRuns(
  runlore: Runlore,
  runs: RunSelection,
  change: IAnnotation,
  trans: TranslationBundle
): Promise<number> {
  return unlessRefused(() => runlore.annotate(runs, change), trans);
}

/** How many runs the work changed; 0 where it was refused, which is told. */
async function unlessRefused(
  work: () => Promise<number>,
  trans: TranslationBundle
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    await showErrorMessage(trans.__('The runs cannot be changed'), text, [Dialog.okButton()]);
    return 0;
  }
}

/**
 * Hide runs until they are restored, and offer to do so at once.
 */
export async function removeRuns(
  runlore: Runlore,
  runs: RunSelection,
  trans: TranslationBundle
): Promise<void> {
  const count = await unlessRefused(() => runlore.deletion.remove(runs), trans);
  if (count === 0) {
    return;
  }
  runlore.marks.clear();
  offers.splice(0).forEach(id => Notification.dismiss(id));
  const offer = Notification.info(trans._n('%1 run deleted', '%1 runs deleted', count), {
    autoClose: UNDO,
    actions: [
      {
        label: trans.__('Undo'),
        caption: trans.__('Ctrl+Z in the list'),
        callback: () => void restoreRemoved(runlore, trans)
      }
    ]
  });
  offers.push(offer);
}

/**
 * Bring back the runs that were hidden last.
 */
export async function restoreRemoved(runlore: Runlore, trans: TranslationBundle): Promise<void> {
  if ((await unlessRefused(() => runlore.deletion.undo(), trans)) > 0) {
    offers.splice(0).forEach(id => Notification.dismiss(id));
  }
}

/**
 * Ask for a new name of a run; an empty one takes back the recorded name.
 */
export async function renameRun(
  runlore: Runlore,
  runId: string,
  trans: TranslationBundle
): Promise<void> {
  const { value, button } = await InputDialog.getText({
    title: trans.__('Rename the run'),
    label: trans.__('Name; empty for the recorded one'),
    text: runlore.runs.get(runId)?.name,
    okLabel: trans.__('Rename')
  });
  if (button.accept && value !== null) {
    const name = value.trim();
    await changeRuns(runlore, { runs: [runId] }, { name: name === '' ? null : name }, trans);
  }
}

/**
 * Ask for a tag of the runs, as `name=value`; without a value it goes.
 */
export async function tagRuns(
  runlore: Runlore,
  runs: RunSelection,
  trans: TranslationBundle
): Promise<void> {
  const { value, button } = await InputDialog.getText({
    title: trans.__('Tag the run'),
    label: trans.__('Name=value; a name alone removes the tag'),
    placeholder: trans.__('stage=final'),
    okLabel: trans.__('Tag')
  });
  const [, name, text] = /^\s*([^=]+?)\s*(?:=\s*(.*?))?\s*$/.exec(value ?? '') ?? [];
  if (button.accept && name !== undefined) {
    await changeRuns(runlore, runs, { tags: { [name]: text ?? null } }, trans);
  }
}
