import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RunloreClient } from '../api/client';
import { IRecordedCell, IRecordedNotebook } from '../api/notebookTypes';
import { IShortRun } from '../api/types';

/** Milliseconds between two requests at the least. */
const PACE = 1000;
/** The same while runs that are known are training, of which there is news all the time. */
const SLOW = 5000;
/** Runs of other notebooks that are remembered, so that their news is ignored. */
const MOST_FOREIGN = 1000;
/** Runs with a card that the server is asked for. */
const MOST_CARDS = 100;

/**
 * A cell as the notebook has it now.
 */
export interface ICellNow {
  id: string;
  source: string;
  /** The runs whose cards it shows. */
  cards: readonly string[];
}

/**
 * What is recorded of a cell.
 */
export interface ICellMark {
  /** Whether the cell is another one than was run. */
  isEdited: boolean;
  /** The newest runs, newest first; at least one. */
  runs: readonly IShortRun[];
  /** How many runs there are. */
  count: number;
}

/**
 * What the server has recorded of one open notebook; followed while the notebook is in view.
 */
export class NotebookRecord implements IDisposable {
  constructor(private readonly _options: NotebookRecord.IOptions) {
    _options.news.connect(this._onNews, this);
  }

  /** Emitted when something else is known. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What runs call the notebook; null until the server has answered. */
  get recordedAs(): string | null {
    return this._found?.notebook ?? null;
  }

  /** The newest run of the notebook. */
  get newest(): string | null {
    return this._found?.newest ?? null;
  }

  /** How many runs there are of the notebook. */
  get total(): number {
    return this._found?.total ?? 0;
  }

  /** What is recorded of a cell; null where nothing is. */
  markOf(cell: ICellNow): ICellMark | null {
    const found =
      this._byCell.get(cell.id) ??
      cell.cards.map(runId => this._byRun.get(runId)).find(one => one !== undefined);
    const run = found?.runs[0];
    if (!found || !run) {
      return null;
    }
    const isEdited = found.source !== null && found.source.trimEnd() !== cell.source.trimEnd();
    return { isEdited, runs: found.runs, count: found.count };
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Whether the notebook is in view; what was missed meanwhile is asked for. */
  setInView(isInView: boolean): void {
    this._isInView = isInView;
    if (isInView && this._isStale) {
      this.refresh();
    }
  }

  /** Ask the server again, soon; once the notebook is in view. */
  refresh(): void {
    this._schedule(PACE);
  }

  private _schedule(pace: number): void {
    this._isStale = true;
    const due = this._lastLoad + pace;
    if (this._isInView && !this._isDisposed && !this._isLoading && due < this._due) {
      clearTimeout(this._timer);
      this._due = due;
      this._timer = setTimeout(() => void this._load(), Math.max(due - Date.now(), 0));
    }
  }

  private _onNews(_: unknown, { runs }: { runs: ReadonlySet<string> }): void {
    const fresh = [...runs].filter(runId => !this._foreign.has(runId));
    if (fresh.length > 0) {
      fresh.forEach(runId => this._named.add(runId));
      this._schedule(fresh.every(runId => this._byRun.has(runId)) ? SLOW : PACE);
    }
  }

  private async _load(): Promise<void> {
    const named = [...this._named];
    this._named.clear();
    this._isStale = false;
    this._isLoading = true;
    const cards = [...new Set(this._options.cards())].slice(-MOST_CARDS);
    try {
      this._take(await this._options.client.cells(this._options.path(), cards));
      named.filter(runId => !this._byRun.has(runId)).forEach(runId => this._foreign.add(runId));
      this._foreign = new Set([...this._foreign].slice(-MOST_FOREIGN));
    } catch {
      // No marks are better than an error in a notebook; the next news asks again.
      this._isStale = true;
    }
    this._isLoading = false;
    this._lastLoad = Date.now();
    this._due = Infinity;
    if (!this._isDisposed) {
      this._changed.emit();
      if (this._named.size > 0) {
        this.refresh();
      }
    }
  }

  private _take(found: IRecordedNotebook): void {
    this._found = found;
    const named = found.cells.flatMap(cell =>
      cell.cell_id === null ? [] : [[cell.cell_id, cell] as const]
    );
    this._byCell = new Map(named);
    this._byRun = new Map(
      [...found.cells].reverse().flatMap(cell => cell.runs.map(run => [run.run_id, cell]))
    );
  }

  private _found: IRecordedNotebook | null = null;
  private _byCell = new Map<string, IRecordedCell>();
  private _byRun = new Map<string, IRecordedCell>();
  /** Runs that were named since the last request, and those that turned out to be of other notebooks. */
  private readonly _named = new Set<string>();
  private _foreign = new Set<string>();
  private _isInView = false;
  private _isStale = true;
  private _isDisposed = false;
  private _isLoading = false;
  private _lastLoad = 0;
  /** When the server is asked next, in milliseconds of Unix time. */
  private _due = Infinity;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}

/**
 * The namespace for the options of `NotebookRecord`.
 */
export namespace NotebookRecord {
  export interface IOptions {
    client: Pick<RunloreClient, 'cells'>;
    /** Emitted with what changed. */
    news: ISignal<unknown, { runs: ReadonlySet<string> }>;
    /** Where the notebook is now, as the server's contents name it. */
    path(): string;
    /** The runs of which the notebook shows cards. */
    cards(): string[];
  }
}
