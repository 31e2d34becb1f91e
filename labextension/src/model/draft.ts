import { ISignal, Signal } from '@lumino/signaling';

/** Milliseconds without a keystroke until a text is saved. */
const REST = 800;
/** Milliseconds until a save that failed is tried again. */
const RETRY = 5000;

/** Where drafts outlive the page; `localStorage` is one. */
export type DraftStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * A text that the user edits and that saves itself. Until the server has it, it is kept in the browser too, so that
 * neither a server that is away nor a closed tab loses a word.
 */
export class DraftModel {
  constructor(private readonly _options: DraftModel.IOptions) {
    this._saved = _options.saved;
    this._text = this._kept() ?? _options.saved;
    if (this._text !== this._saved) {
      this._schedule(REST);
    }
  }

  /** Emitted when the state changed, or a text came that nobody typed here: what one types, one sees already. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get text(): string {
    return this._text;
  }

  /** Whether the server has the text. */
  get state(): 'saved' | 'unsaved' | 'saving' | 'failed' {
    if (this._isSaving) {
      return 'saving';
    }
    if (this._text === this._saved) {
      return 'saved';
    }
    return this._error ? 'failed' : 'unsaved';
  }

  /** Why the last save failed. */
  get error(): Error | null {
    return this._error;
  }

  /** What somebody else wrote meanwhile, which a save replaces; null where nobody did. */
  get theirs(): string | null {
    return this._theirs;
  }

  /** Take what the user wrote. */
  edit(text: string): void {
    const before = this.state;
    this._text = text;
    this._keep();
    this._schedule(REST);
    if (this.state !== before) {
      this._changed.emit();
    }
  }

  /** Take what the server had when it was asked, in milliseconds; a text that is being edited stays. */
  told(saved: string, asked: number): void {
    if (this._isSaving || asked < this._savedAt || saved === this._saved) {
      return;
    }
    const isOwn = this._text === this._saved;
    if (!isOwn && saved !== this._text) {
      this._theirs = saved;
    }
    this._saved = saved;
    if (isOwn) {
      this._text = saved;
    }
    this._keep();
    this._changed.emit();
  }

  /** Take what somebody else wrote in place of the own text. */
  takeTheirs(): void {
    if (this._theirs !== null) {
      const theirs = this._theirs;
      this._theirs = null;
      this.edit(theirs);
      this._changed.emit();
    }
  }

  /** Save now what is not saved. */
  async flush(): Promise<void> {
    clearTimeout(this._timer);
    if (this._isSaving || this._text === this._saved) {
      return;
    }
    const text = this._text;
    this._isSaving = true;
    this._changed.emit();
    try {
      await this._options.save(text);
      this._saved = text;
      this._savedAt = Date.now();
      this._error = this._theirs = null;
    } catch (error) {
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._isSaving = false;
    this._keep();
    if (this._text !== this._saved && !this._isDisposed) {
      this._schedule(this._error ? RETRY : REST);
    }
    this._changed.emit();
  }

  /** Save what is not saved, and try no more. */
  dispose(): void {
    this._isDisposed = true;
    void this.flush();
    Signal.clearData(this);
  }

  private _schedule(delay: number): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this.flush(), delay);
  }

  private _kept(): string | null {
    try {
      return this._options.store?.getItem(this._options.key) ?? null;
    } catch {
      return null;
    }
  }

  private _keep(): void {
    const { store, key } = this._options;
    try {
      if (this._text === this._saved) {
        store?.removeItem(key);
      } else {
        store?.setItem(key, this._text);
      }
    } catch {
      // The browser keeps nothing, or has no room: the text is in the page still.
    }
  }

  private _saved: string;
  private _savedAt = 0;
  private _text: string;
  private _theirs: string | null = null;
  private _error: Error | null = null;
  private _isSaving = false;
  private _isDisposed = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}

/**
 * The namespace for the options of `DraftModel`.
 */
export namespace DraftModel {
  export interface IOptions {
    /** What the server has. */
    saved: string;
    /** Saves a text; rejects where that fails. */
    save: (text: string) => Promise<unknown>;
    /** Where the text is kept until it is saved; null keeps it in the page alone. */
    store: DraftStore | null;
    /** Its name there. */
    key: string;
  }
}
