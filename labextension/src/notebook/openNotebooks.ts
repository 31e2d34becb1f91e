import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IDisposable } from '@lumino/disposable';
import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';

import { NotebookRecord } from '../model/notebookRecord';
import { Runlore } from '../model/runlore';
import { cellNow } from './cellMarks';

/** Messages to a widget that comes into view or goes out of it. */
const MOVED = new Set(['after-attach', 'after-show', 'after-hide', 'before-detach']);
/** Milliseconds after which Lab has shown what it was about to. */
const SETTLED = 100;

/**
 * What is recorded of each open notebook, followed while that one is in view.
 */
export class OpenNotebooks implements IDisposable {
  constructor(private readonly _options: OpenNotebooks.IOptions) {
    const { tracker } = _options;
    tracker.widgetAdded.connect(this._add, this);
    tracker.forEach(panel => this._add(tracker, panel));
    this.look = this.look.bind(this);
    document.addEventListener('visibilitychange', this.look);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    document.removeEventListener('visibilitychange', this.look);
    this._records.forEach(record => record.dispose());
    this._records.clear();
    Signal.clearData(this);
  }

  /** What is recorded of an open notebook. */
  of(panel: NotebookPanel): NotebookRecord | undefined {
    return this._records.get(panel);
  }

  /** Find out which notebooks are in view, once Lab has shown and hidden what it is about to. */
  look(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._look(), SETTLED);
  }

  private _look(): void {
    // A notebook is shown before it is loaded; its cards, which are asked about, are known only then.
    this._records.forEach((record, panel) =>
      record.setInView(panel.context.isReady && panel.isVisible && !document.hidden)
    );
  }

  private _add(_: INotebookTracker, panel: NotebookPanel): void {
    const { runlore, localPath, added } = this._options;
    const record = new NotebookRecord({
      client: runlore.client,
      news: runlore.news,
      path: () => localPath(panel.context.path),
      cards: () =>
        [...(panel.content.model?.cells ?? [])].flatMap(model => cellNow(model)?.cards ?? [])
    });
    this._records.set(panel, record);
    panel.disposed.connect(this._remove, this);
    panel.context.pathChanged.connect(record.refresh, record);
    const shown = added(panel, record);
    panel.disposed.connect(() => shown.dispose());
    MessageLoop.installMessageHook(panel, (_panel, message) => {
      if (MOVED.has(message.type)) {
        this.look();
      }
      return true;
    });
    void panel.context.ready.then(() => this.look());
  }

  private _remove(panel: NotebookPanel): void {
    this._records.get(panel)?.dispose();
    this._records.delete(panel);
  }

  private readonly _records = new Map<NotebookPanel, NotebookRecord>();
  private _isDisposed = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * The namespace for the options of `OpenNotebooks`.
 */
export namespace OpenNotebooks {
  export interface IOptions {
    tracker: INotebookTracker;
    runlore: Runlore;
    /** A path without the name of the drive before it. */
    localPath(path: string): string;
    /** Called with each notebook that is opened; what it returns is disposed of with that. */
    added(panel: NotebookPanel, record: NotebookRecord): IDisposable;
  }
}
