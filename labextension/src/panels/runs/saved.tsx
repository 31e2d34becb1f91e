import { Dialog, InputDialog, showErrorMessage } from '@jupyterlab/apputils';
import { caretDownEmptyThinIcon, MenuSvg } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { ISavedFilter } from '../../api/types';
import { SearchModel } from '../../model/search';

/**
 * The button of the menu of saved filters.
 */
export function SavedButton(props: {
  search: SearchModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { search, trans } = props;
  return (
    <button
      className="jp-Runlore-iconButton jp-Runlore-saved"
      title={trans.__('Saved filters')}
      aria-label={trans.__('Saved filters')}
      aria-haspopup="menu"
      onClick={event => void openMenu(event.currentTarget, search, trans)}
    >
      <caretDownEmptyThinIcon.react tag="span" />
    </button>
  );
}

async function openMenu(
  anchor: HTMLElement,
  search: SearchModel,
  trans: TranslationBundle
): Promise<void> {
  let saved: ISavedFilter[];
  try {
    saved = await search.saved.all();
  } catch (error) {
    await tell(trans.__('Saved filters cannot be read'), error);
    return;
  }
  const { bottom, right } = anchor.getBoundingClientRect();
  const menu = new SavedMenu(saved, search, trans);
  menu.aboutToClose.connect(() => requestAnimationFrame(() => menu.dispose()));
  menu.open(right, bottom, { horizontalAlignment: 'right' });
}

/**
 * The saved filters, the saving of the present one, and the deletion of each.
 */
class SavedMenu extends MenuSvg {
  constructor(saved: readonly ISavedFilter[], search: SearchModel, trans: TranslationBundle) {
    super({ commands: new CommandRegistry() });
    this._deletions = new MenuSvg({ commands: this.commands });
    this._deletions.title.label = trans.__('Delete');
    for (const { name, filter, order_by: order } of saved) {
      this._add(this, name, () => search.set({ filter, order }));
      this._add(this._deletions, name, () =>
        attempt(search.saved.forget(name), trans.__('Cannot delete the filter'))
      );
    }
    if (saved.length > 0) {
      this.addItem({ type: 'separator' });
    }
    if (search.isActive && search.error === null) {
      this._add(this, trans.__('Save this filter…'), () => save(search, trans));
    } else if (saved.length === 0) {
      this._add(this, trans.__('No filter saved yet'), null);
    }
    if (saved.length > 0) {
      this.addItem({ type: 'submenu', submenu: this._deletions });
    }
  }

  override dispose(): void {
    this._deletions.dispose();
    super.dispose();
  }

  private _add(menu: MenuSvg, label: string, execute: (() => unknown) | null): void {
    const command = `runlore:filter-${this.commands.listCommands().length}`;
    this.commands.addCommand(command, {
      label,
      execute: () => execute?.(),
      isEnabled: () => execute !== null,
      describedBy: { args: { type: 'object', properties: {} } }
    });
    menu.addItem({ command });
  }

  private readonly _deletions: MenuSvg;
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
