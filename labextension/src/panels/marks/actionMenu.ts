import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { Message } from '@lumino/messaging';
import { Menu } from '@lumino/widgets';

/**
 * What an entry is besides its label and what it does.
 */
export interface IActionOptions {
  icon?: CommandRegistry.ICommandOptions['icon'];
  isToggled?: boolean;
  isEnabled?: boolean;
}

/**
 * A menu of functions.
 */
export class ActionMenu extends MenuSvg {
  constructor(commands = new CommandRegistry()) {
    super({ commands });
  }

  /** Add an entry that does something. */
  add(label: string, act: () => unknown, options: IActionOptions = {}): void {
    const { icon, isToggled, isEnabled = true } = options;
    const command = `action-${this.commands.listCommands().length}`;
    this.commands.addCommand(command, {
      label,
      icon,
      isToggled: isToggled === undefined ? undefined : () => isToggled,
      isEnabled: () => isEnabled,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => void act()
    });
    this.addItem({ command });
  }

  /** Add a line between entries. */
  separate(): void {
    this.addItem({ type: 'separator' });
  }

  /** Add an entry that opens a menu of its own, and give that. */
  addMenu(label: string): ActionMenu {
    const submenu = new ActionMenu(this.commands);
    submenu.title.label = label;
    this.addItem({ type: 'submenu', submenu });
    return submenu;
  }

  override dispose(): void {
    for (const { submenu } of this.items) {
      submenu?.dispose();
    }
    super.dispose();
  }

  /** Entries are what assistive technology expects: a line has no focus, and what opens a menu is an entry, too. */
  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    for (const line of this.contentNode.querySelectorAll('[data-type=separator]')) {
      line.removeAttribute('tabindex');
      line.setAttribute('role', 'separator');
    }
    for (const entry of this.contentNode.querySelectorAll('[data-type=submenu]')) {
      entry.setAttribute('role', 'menuitem');
    }
  }
}

/**
 * Open a menu below an element, from its left or its right edge; once it is closed, it is gone.
 *
 * The focus goes back to where it was before anything is done: what opens a dialog then gets it back from there.
 */
export function openBelow(
  menu: Menu,
  element: HTMLElement,
  align: 'left' | 'right' = 'left'
): void {
  const before = document.activeElement;
  menu.aboutToClose.connect(() => {
    if (before instanceof HTMLElement) {
      before.focus();
    }
    // What was chosen is done after the menu has closed.
    setTimeout(() => menu.dispose(), 0);
  });
  const { left, right, bottom } = element.getBoundingClientRect();
  menu.open(align === 'left' ? left : right, bottom, { horizontalAlignment: align });
}
