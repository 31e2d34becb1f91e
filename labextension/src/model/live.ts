import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

/** The schema of the events that name what changed. */
export const CHANGE_SCHEMA = 'https://schema.runlore.org/events/change/v1';

/** Milliseconds between two fetches at the least. */
const PACE = 300;
/** Milliseconds without an event after which news is asked for where some is expected. */
const QUIET_AWAITED = 4000;
/** The same where none is. */
const QUIET_IDLE = 30000;

/**
 * What has to be fetched again.
 */
export interface IChange {
  runs: ReadonlySet<string>;
  jobs: ReadonlySet<string>;
  /** Events may have been missed: everything in view. */
  all: boolean;
}

/**
 * Keeps the models up to date while anybody looks at them, and costs nothing while nobody does.
 *
 * The server's event stream has no replay and closes unnoticed, and the browser hides tabs; so everything is
 * fetched again when somebody starts to look, when the tab comes back, and after a silence.
 */
export class LiveFeed implements IDisposable {
  constructor(private readonly _options: LiveFeed.IOptions) {
    this._options.stream.connect(this._onEvent, this);
    this._onVisibility = this._onVisibility.bind(this);
    document.addEventListener('visibilitychange', this._onVisibility);
    this._poll = new Poll({
      factory: () => this._checkSilence(),
      frequency: { interval: QUIET_AWAITED, backoff: true, max: QUIET_IDLE },
      name: 'runlore:silence',
      standby: () => !this._isWatched
    });
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    this._poll.dispose();
    document.removeEventListener('visibilitychange', this._onVisibility);
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Emitted with the ids in every event, whoever looks. */
  get news(): ISignal<this, Omit<IChange, 'all'>> {
    return this._news;
  }

  /** Keep everything up to date until what is returned is disposed of. */
  retain(): IDisposable {
    this._watchers += 1;
    if (this._watchers === 1) {
      this.refresh();
    }
    return new DisposableDelegate(() => {
      this._watchers -= 1;
    });
  }

  /** Fetch everything again, soon. */
  refresh(): void {
    this._all = true;
    this._schedule();
  }

  private get _isWatched(): boolean {
    return this._watchers > 0 && !document.hidden;
  }

  private _onEvent(_: unknown, event: LiveFeed.IEvent): void {
    if (event.schema_id !== CHANGE_SCHEMA) {
      return;
    }
    this._lastNews = Date.now();
    this._news.emit({ runs: new Set(ids(event.runs)), jobs: new Set(ids(event.jobs)) });
    if (!this._isWatched) {
      return; // all is fetched again when somebody looks
    }
    ids(event.runs).forEach(id => this._runs.add(id));
    ids(event.jobs).forEach(id => this._jobs.add(id));
    this._schedule();
  }

  private _onVisibility(): void {
    if (this._isWatched) {
      this.refresh();
    }
  }

  private _hasNews(): boolean {
    return this._all || this._runs.size > 0 || this._jobs.size > 0;
  }

  private async _checkSilence(): Promise<void> {
    const patience = this._options.isAwaited() ? QUIET_AWAITED : QUIET_IDLE;
    if (Date.now() - this._lastNews >= patience) {
      this._all = true;
      await this._flush();
    }
  }

  private _schedule(): void {
    if (this._timer === undefined && !this._isFlushing) {
      const wait = Math.max(0, this._lastFlush + PACE - Date.now());
      this._timer = setTimeout(() => void this._flush(), wait);
    }
  }

  private async _flush(): Promise<void> {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (this._isFlushing || !this._isWatched) {
      return;
    }
    const change: IChange = { runs: this._runs, jobs: this._jobs, all: this._all };
    this._runs = new Set();
    this._jobs = new Set();
    this._all = false;
    this._isFlushing = true;
    try {
      await this._options.fetch(change);
      if (change.all) {
        this._lastNews = Date.now();
      }
    } finally {
      this._isFlushing = false;
      this._lastFlush = Date.now();
      if (this._hasNews()) {
        this._schedule();
      }
    }
  }

  private _poll: Poll;
  private _watchers = 0;
  private _runs = new Set<string>();
  private _jobs = new Set<string>();
  private _all = false;
  private _isFlushing = false;
  private _lastFlush = 0;
  private _lastNews = Date.now();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _news = new Signal<this, Omit<IChange, 'all'>>(this);
}

/**
 * The namespace for the options of `LiveFeed`.
 */
export namespace LiveFeed {
  /** An event of the server, whatever its schema. */
  export interface IEvent {
    readonly schema_id: string;
    readonly [name: string]: unknown;
  }

  export interface IOptions {
    /** The events of the server. */
    stream: ISignal<unknown, IEvent>;
    /** Fetch what changed; never rejects. */
    fetch(change: IChange): Promise<void>;
    /** Whether news is expected: a run or a job is in progress, or the server went away. */
    isAwaited(): boolean;
  }
}

function ids(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(id => typeof id === 'string') : [];
}
