import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

import { Memory } from './memory';
import { RunsModel } from './runs';

/** A user picks a few; more than this many curves the server does not send at once. */
export const MOST_SHOWN = 100;

// A type, not an interface: only types are accepted as JSON.
type Kept = { picked: string[]; dismissed: string | null };

/** As many lines as can be labelled. */
const MOST_FOLLOWED = 5;

/**
 * Which runs are shown in the charts: those that the user picked, and new ones as they come. A new one
 * takes the place of those before it that have ended.
 */
export class SelectionModel {
  constructor(
    private readonly _runs: RunsModel,
    state: IStateDB | null,
    /** Whether a new run is shown without being asked for. */
    private readonly _showNewest: () => boolean
  ) {
    this._memory = new Memory(state, 'runlore:selection', isKept);
    this._runs.changed.connect(this._follow, this);
  }

  /** Emitted when other runs are shown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Ids of the runs that are shown, in the order in which they came. */
  get shown(): readonly string[] {
    return [...new Set([...this._picked, ...this._followed])];
  }

  /** Restore what the user had picked; runs that are gone since are forgotten. */
  async restore(): Promise<void> {
    const kept = await this._memory.recall();
    this._picked = new Set(kept?.picked.slice(0, MOST_SHOWN));
    this._dismissed = kept?.dismissed ?? null;
  }

  /** Fetch picked runs that are not among the newest, and forget those that are gone. */
  async resolve(): Promise<void> {
    const gone = await this._runs.ensure([...this._picked]);
    if (gone.length > 0) {
      gone.forEach(id => this._picked.delete(id));
      this._keep();
    }
  }

  isShown(runId: string): boolean {
    return this._picked.has(runId) || this._followed.includes(runId);
  }

  /** Show the run, or hide it. A run beyond the hundredth is not taken. */
  toggle(runId: string): void {
    if (this.isShown(runId)) {
      this._picked.delete(runId);
      this._followed = this._followed.filter(id => id !== runId);
      if (this._newest === runId) {
        this._dismissed = runId;
      }
    } else {
      // What a comparison was begun with must not vanish when the next run starts.
      this._followed.forEach(id => this._add(id));
      this._add(runId);
    }
    this._keep();
  }

  /** Show the run for as long as the user does not hide it. */
  pick(runId: string): void {
    this._add(runId);
    this._keep();
  }

  /** Show this run and no other. */
  only(runId: string): void {
    this._picked = new Set([runId]);
    this._followed = [];
    this._dismissed = this._newest;
    this._keep();
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private _add(runId: string): void {
    if (this._picked.size < MOST_SHOWN) {
      this._picked.add(runId);
      this._runs.keep(runId);
    }
  }

  private _follow(): void {
    const newest = this._runs.list[0];
    if (!newest || newest.run_id === this._newest) {
      return;
    }
    const isFirstLook = this._newest === null;
    this._newest = newest.run_id;
    const isWanted =
      this._showNewest() &&
      newest.run_id !== this._dismissed &&
      (this._picked.size === 0 || newest.status === 'running' || !isFirstLook);
    if (isWanted) {
      const running = this._followed.filter(id => this._runs.get(id)?.status === 'running');
      this._followed = [...running.slice(1 - MOST_FOLLOWED), newest.run_id];
      this._followed.forEach(id => this._runs.keep(id));
      this._changed.emit();
    }
  }

  private _keep(): void {
    this._memory.keep({ picked: [...this._picked], dismissed: this._dismissed });
    this._changed.emit();
  }

  private _picked = new Set<string>();
  private _followed: readonly string[] = [];
  private _dismissed: string | null = null;
  private _newest: string | null = null;
  private _memory: Memory<Kept>;
  private _changed = new Signal<this, void>(this);
}

function isKept(value: unknown): value is Kept {
  const { picked, dismissed } = (value ?? {}) as Partial<Record<keyof Kept, unknown>>;
  return (
    Array.isArray(picked) &&
    picked.every(id => typeof id === 'string') &&
    (dismissed === null || typeof dismissed === 'string')
  );
}
