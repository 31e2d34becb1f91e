import { ILayoutRestorer, JupyterFrontEnd, LabShell } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

/**
 * The open pages of one kind, such as those of runs: each page once, brought to the front when it is asked for again, and
 * there again after a reload.
 */
export class MainAreaPages<T extends Widget> {
  constructor(private readonly _options: MainAreaPages.IOptions<T>) {
    const { id, restorer, command, keyOf, argsOf } = _options;
    this._tracker = new WidgetTracker({ namespace: id });
    if (restorer) {
      void restorer.restore(this._tracker, {
        command,
        args: page => argsOf?.(page.content) ?? {},
        name: page => keyOf(page.content)
      });
    }
  }

  /**
   * Bring a page to the front, and make it first where it is not open.
   *
   * @param key - what tells the page from the others of its kind.
   * @param create - makes what stands on it; not called for a page that is open, or about to be.
   */
  async open(key: string, create: () => Promise<T>): Promise<T> {
    let page = this._tracker.find(other => this._options.keyOf(other.content) === key);
    if (!page) {
      let coming = this._coming.get(key);
      if (!coming) {
        coming = this._add(key, create).finally(() => this._coming.delete(key));
        this._coming.set(key, coming);
      }
      page = await coming;
    }
    this._options.shell.activateById(page.id);
    return page.content;
  }

  /** An open page whose content is meant; undefined where none is. */
  find(isMeant: (content: T) => boolean): T | undefined {
    return this._tracker.find(page => isMeant(page.content))?.content;
  }

  /** Remember a page as it is now, after what `argsOf` says of it has changed. */
  save(content: T): void {
    const page = this._tracker.find(other => other.content === content);
    if (page) {
      void this._tracker.save(page);
    }
  }

  private async _add(key: string, create: () => Promise<T>): Promise<MainAreaWidget<T>> {
    const { id, shell, type } = this._options;
    const page = new MainAreaWidget({ content: await create() });
    page.toolbar.hide(); // it holds nothing
    page.id = `${id}-${key}`;
    await this._tracker.add(page);
    shell.add(page, pageArea(shell), { type });
    return page;
  }

  private readonly _tracker: WidgetTracker<MainAreaWidget<T>>;
  /** Pages that were asked for and whose code is still being loaded. */
  private readonly _coming = new Map<string, Promise<MainAreaWidget<T>>>();
}

/**
 * The namespace for the options of `MainAreaPages`.
 */
export namespace MainAreaPages {
  export interface IOptions<T extends Widget> {
    shell: JupyterFrontEnd.IShell;
    /** Brings pages back after a reload; null where nothing does. */
    restorer: ILayoutRestorer | null;
    /** What the ids of these pages begin with; under it they are remembered. */
    id: string;
    /** How the shell calls such a page. */
    type: string;
    /** The command that opens a page again. */
    command: string;
    /** What tells a page from the others of its kind. */
    keyOf: (content: T) => string;
    /** The arguments with which the command opens this very page; it takes none where left out. */
    argsOf?: (content: T) => ReadonlyPartialJSONObject;
  }
}

/**
 * Where pages have most room: in the main area, and at the right in Jupyter Notebook, whose main area holds the notebook
 * and nothing else.
 */
function pageArea(shell: JupyterFrontEnd.IShell): 'main' | 'right' {
  return shell instanceof LabShell ? 'main' : 'right';
}
