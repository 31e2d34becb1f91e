import { ISignal, Signal } from '@lumino/signaling';

/** Milliseconds without a keystroke until a text is saved. */
const REST = 800;
/** Milliseconds until a save that failed is tried again. */
const RETRY = 5000;

/** Where drafts outlive the page; `localStorage` is one. */
export type DraftStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * A text that the user edits and that saves itself. Until the server has it, it is kept in the browser too, so that
 * neither a server that is away nor a closed tab loses a word. Where somebody else has written meanwhile, neither text
 * replaces the other before the user says so.
 */
export class DraftModel {
  constructor(private readonly _options: DraftModel.IOptions) {
    this._saved = _options.saved;
    [this._text, this._base] = this._kept() ?? [this._saved, this._saved];
    this._schedule(REST);
  }

  /** Emitted when the state changed, or a text came that nobody typed here: what one types, one sees already. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get text(): string {
    return this._text;
  }

  /** Whether the server has the text; of a disputed one it has another, which somebody else wrote. */
  get state(): 'saved' | 'unsaved' | 'saving' | 'failed' | 'disputed' {
    if (this._isSaving) {
      return 'saving';
    }
    if (this._text === this._saved) {
      return 'saved';
    }
    if (this._base !== this._saved) {
      return 'disputed';
    }
    return this._error ? 'failed' : 'unsaved';
  }

  /** Why the last save failed. */
  get error(): Error | null {
    return this._error;
  }

  /** What somebody else wrote meanwhile, while it is disputed; else null. */
  get theirs(): string | null {
    return this.state === 'disputed' ? this._saved : null;
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
    this._take(saved);
    this._keep();
    this._changed.emit();
  }

  /** Save this text in the place of a disputed one and of theirs. */
  settle(text: string): void {
    this._base = this._saved;
    this.edit(text);
    void this.flush();
    this._changed.emit();
  }

  /** Save now what is not saved, and not disputed. */
  async flush(): Promise<void> {
    clearTimeout(this._timer);
    if (this._isSaving || this._text === this._saved || this._base !== this._saved) {
      return;
    }
    const text = this._text;
    this._sent.add(text);
    this._isSaving = true;
    this._changed.emit();
    try {
      this._take(await this._options.save(text, this._base));
      this._sent.clear();
      this._savedAt = Date.now();
      this._error = null;
    } catch (error) {
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._isSaving = false;
    this._keep();
    this._schedule(this._error ? RETRY : REST);
    this._changed.emit();
  }

  /** Save what is not saved, and try no more. */
  dispose(): void {
    this._isDisposed = true;
    void this.flush();
    Signal.clearData(this);
  }

  /** Take what the server has by now. */
  private _take(saved: string): void {
    this._saved = saved;
    if (this._sent.has(saved)) {
      this._base = saved; // our own, of which no answer need have come
    } else if (this._text === this._base || this._text === saved) {
      this._text = this._base = saved;
    }
  }

  private _schedule(delay: number): void {
    clearTimeout(this._timer);
    if (this._text !== this._saved && !this._isDisposed) {
      this._timer = setTimeout(() => void this.flush(), delay);
    }
  }

  /** The text of an earlier page, and what the server had when it was begun. */
  private _kept(): [text: string, base: string] | null {
    try {
      const kept: unknown = JSON.parse(this._options.store?.getItem(this._options.key) ?? 'null');
      const [text, base] = Array.isArray(kept) ? (kept as unknown[]) : [];
      return typeof text === 'string' && typeof base === 'string' ? [text, base] : null;
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
        store?.setItem(key, JSON.stringify([this._text, this._base]));
      }
    } catch {
      // The browser keeps nothing, or has no room: the text is in the page still.
    }
  }

  /** What the server has, as far as one knows. */
  private _saved: string;
  private _savedAt = 0;
  private _text: string;
  /** What the server had when the text was begun. */
  private _base: string;
  /** What was sent since the server last answered. */
  private readonly _sent = new Set<string>();
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
    /**
     * Saves a text where the server still has the one that was last seen; what it has then: this text, or what
     * somebody else wrote meanwhile. Rejects where that fails.
     */
    save: (text: string, seen: string) => Promise<string>;
    /** Where the text is kept until it is saved; null keeps it in the page alone. */
    store: DraftStore | null;
    /** Its name there. */
    key: string;
  }
}
