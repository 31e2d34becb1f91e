import { Dialog, InputDialog, showErrorMessage } from '@jupyterlab/apputils';
import { caretDownEmptyThinIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ISavedFilter } from '../../api/types';
import { SearchModel } from '../../model/search';
import { DELETED_RUNS } from '../../model/query';
import { trashIcon } from '../marks/icons';
import { ActionMenu, openBelow } from '../marks/actionMenu';

/**
 * The button of the menu of saved filters.
 */
export function SavedButton(props: {
  search: SearchModel;
  /** How many runs are hidden until they are restored. */
  deleted: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { search, deleted, trans } = props;
  return (
    <button
      className="jp-Runlore-iconButton jp-Runlore-saved"
      title={trans.__('Saved filters')}
      aria-label={trans.__('Saved filters')}
      aria-haspopup="menu"
      onClick={event => void openMenu(event.currentTarget, search, deleted, trans)}
    >
      <caretDownEmptyThinIcon.react tag="span" />
    </button>
  );
}

async function openMenu(
  anchor: HTMLElement,
  search: SearchModel,
  deleted: number,
  trans: TranslationBundle
): Promise<void> {
  let saved: ISavedFilter[];
  try {
    saved = await search.saved.all();
  } catch (error) {
    await tell(trans.__('Saved filters cannot be read'), error);
    return;
  }
  openBelow(new SavedMenu(saved, search, deleted, trans), anchor, 'right');
}

/**
 * The saved filters, the saving of the present one, and the deletion of each.
 */
class SavedMenu extends ActionMenu {
  constructor(
    saved: readonly ISavedFilter[],
    search: SearchModel,
    deleted: number,
    trans: TranslationBundle
  ) {
    super();
    for (const { name, filter, order_by: order } of saved) {
      this.add(name, () => search.set({ filter, order }));
    }
    if (saved.length > 0) {
      this.separate();
    }
    if (search.isActive && search.error === null) {
      this.add(trans.__('Save this filter…'), () => save(search, trans));
    } else if (saved.length === 0) {
      this.add(trans.__('No filter saved yet'), () => undefined, { isEnabled: false });
    }
    if (saved.length > 0) {
      const deletions = this.addMenu(trans.__('Delete'));
      for (const { name } of saved) {
        deletions.add(name, () =>
          attempt(search.saved.forget(name), trans.__('Cannot delete the filter'))
        );
      }
    }
    if (deleted > 0) {
      this.separate();
      const label = trans._n('Show %1 deleted run', 'Show %1 deleted runs', deleted);
      this.add(label, () => search.set({ filter: DELETED_RUNS }), { icon: trashIcon });
    }
  }
}

async function save(search: SearchModel, trans: TranslationBundle): Promise<void> {
  const { value, button } = await InputDialog.getText({
    title: trans.__('Save this filter'),
    label: search.query.filter,
    placeholder: trans.__('Name'),
    okLabel: trans.__('Save')
  });
  const name = value?.trim() ?? '';
  if (button.accept && name !== '') {
    await attempt(search.saved.save(name), trans.__('Cannot save the filter'));
  }
}

async function attempt(work: Promise<void>, title: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    await tell(title, error);
  }
}

async function tell(title: string, error: unknown): Promise<void> {
  const text = error instanceof Error ? error.message : String(error);
  await showErrorMessage(title, text, [Dialog.okButton()]);
}
