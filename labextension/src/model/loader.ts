import { IRunPage } from '../api/types';
import { ISpan } from './pages';
import { ISection, Sections } from './sections';

/** Rows beyond those in view that are loaded too. */
const AHEAD = 50;
/** Milliseconds between two requests at the least while the view leaves them behind. */
const PACE = 120;

/**
 * Loads the rows in view, then those around them, one request after the other: the view may move meanwhile. A request
 * that it has left behind is given up for what is in view now.
 */
export class RowLoader {
  constructor(private readonly _options: RowLoader.IOptions) {}

  /** Tell which rows are in view. */
  look(from: number, to: number): void {
    this._view = [from, to];
    const [wanted, current] = [this._missing(from, to), this._current];
    if (wanted && current && !isWithin(wanted, current)) {
      current.leave.abort();
    }
    void this.load();
  }

  /** Load what is in view and not known; at once where nothing is being loaded. */
  async load(): Promise<void> {
    if (this._isLoading) {
      return;
    }
    this._isLoading = true;
    try {
      let wanted = this._next();
      while (wanted && (await this._loadView(wanted))) {
        wanted = this._next();
      }
    } finally {
      this._isLoading = false;
    }
  }

  /** Load these rows, in view or not. */
  async ensure(from: number, to: number): Promise<void> {
    let wanted = this._missing(from, to);
    while (wanted && (await this._loadPart(wanted))) {
      wanted = this._missing(from, to);
    }
  }

  /** What is to be loaded next for the view. */
  private _next(): IWanted | undefined {
    const [from, to] = this._view;
    return this._missing(from, to) ?? this._missing(from - AHEAD, to + AHEAD);
  }

  /** Runs in these rows that have to be loaded; those that stand together in one section. */
  private _missing(from: number, to: number): IWanted | undefined {
    for (const { section, ...part } of this._options.sections().parts(Math.max(from, 0), to)) {
      const span = section.pages.missing(part.from, part.to);
      if (span) {
        return { section, span };
      }
    }
    return undefined;
  }

  /** Load a part as long as the view does not leave it; whether to go on. */
  private async _loadView(wanted: IWanted): Promise<boolean> {
    const leave = new AbortController();
    this._current = { ...wanted, leave };
    const goesOn = await this._loadPart(wanted, leave.signal);
    this._current = null;
    if (!leave.signal.aborted) {
      return goesOn;
    }
    if (Date.now() - this._leftAt < PACE) {
      await new Promise(resolve => setTimeout(resolve, PACE)); // the view is on its way
    }
    this._leftAt = Date.now();
    return true;
  }

  /** Whether to go on: not after an error, and not where what came did not help. */
  private async _loadPart({ section, span }: IWanted, signal?: AbortSignal): Promise<boolean> {
    const page = await this._options.fetch(section, span, signal);
    if (!page || signal?.aborted) {
      return false;
    }
    if (this._options.sections().all.includes(section)) {
      section.pages.put(
        span.offset,
        page.runs.map(run => run.run_id),
        page.total
      );
      const [from, to] = this._view;
      this._options.took(section, page, section.pages.trim(from, to));
    }
    return page.runs.length > 0 || span.offset >= page.total;
  }

  private _view: [from: number, to: number] = [0, 0];
  private _isLoading = false;
  /** What is being loaded for the view, and how to give that up. */
  private _current: (IWanted & { leave: AbortController }) | null = null;
  /** When the view was last followed after it had left a request behind. */
  private _leftAt = 0;
}

interface IWanted {
  section: ISection;
  span: ISpan;
}

function isWithin({ section, span }: IWanted, other: IWanted): boolean {
  const { offset, limit } = other.span;
  return section === other.section && span.offset >= offset && span.offset < offset + limit;
}

/**
 * The namespace for the options of `RowLoader`.
 */
export namespace RowLoader {
  export interface IOptions {
    /** The rows as they are now. */
    sections(): Sections;
    /** A part of a section; undefined where it cannot be had or is no longer wanted. Never rejects. */
    fetch(section: ISection, span: ISpan, signal?: AbortSignal): Promise<IRunPage | undefined>;
    /** Called with what came, and with the ids of the runs that went. */
    took(section: ISection, page: IRunPage, gone: readonly string[]): void;
  }
}
