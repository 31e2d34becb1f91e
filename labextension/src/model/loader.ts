import { IRunPage } from '../api/types';
import { ISection, Sections } from './sections';

/** Rows beyond those in view that are loaded too. */
const AHEAD = 50;

/**
 * Loads the rows in view, one page after the other: the view may move meanwhile, and what it left is not asked for.
 */
export class RowLoader {
  constructor(private readonly _options: RowLoader.IOptions) {}

  /** Tell which rows are in view. */
  look(from: number, to: number): void {
    this._view = [from, to];
    void this.load();
  }

  /** Load what is in view and not known; at once where nothing is being loaded. */
  async load(): Promise<void> {
    if (this._isLoading) {
      return;
    }
    this._isLoading = true;
    try {
      await this._loadAll(() => [this._view[0] - AHEAD, this._view[1] + AHEAD]);
    } finally {
      this._isLoading = false;
    }
  }

  /** Load these rows, in view or not. */
  ensure(from: number, to: number): Promise<void> {
    return this._loadAll(() => [from, to]);
  }

  private async _loadAll(range: () => [from: number, to: number]): Promise<void> {
    let missing = this._missing(...range());
    while (missing && (await this._loadPage(...missing))) {
      missing = this._missing(...range());
    }
  }

  /** Runs in these rows that have to be loaded: of which section, from which on. */
  private _missing(from: number, to: number): [section: ISection, offset: number] | undefined {
    for (const part of this._options.sections().parts(Math.max(from, 0), to)) {
      const offset = part.section.pages.missing(part.from, part.to);
      if (offset !== undefined) {
        return [part.section, offset];
      }
    }
    return undefined;
  }

  /** Whether to go on: not after an error, and not where the page did not help. */
  private async _loadPage(section: ISection, offset: number): Promise<boolean> {
    const page = await this._options.fetch(section, offset);
    if (!page) {
      return false;
    }
    if (this._options.sections().all.includes(section)) {
      section.pages.put(
        offset,
        page.runs.map(run => run.run_id),
        page.total
      );
      const [from, to] = this._view;
      this._options.took(section, page, section.pages.trim(from, to));
    }
    return page.runs.length > 0 || offset >= page.total;
  }

  private _view: [from: number, to: number] = [0, 0];
  private _isLoading = false;
}

/**
 * The namespace for the options of `RowLoader`.
 */
export namespace RowLoader {
  export interface IOptions {
    /** The rows as they are now. */
    sections(): Sections;
    /** A page of a section; undefined where it cannot be had. Never rejects. */
    fetch(section: ISection, offset: number): Promise<IRunPage | undefined>;
    /** Called with what came, and with the ids of the runs that went. */
    took(section: ISection, page: IRunPage, gone: readonly string[]): void;
  }
}
