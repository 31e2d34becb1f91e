import { ISignal, Signal } from '@lumino/signaling';

import { RefusedError } from '../api/errors';
import { IAnnotation, IRunDetail } from '../api/types';
import { DraftModel, DraftStore } from './draft';
import { IChange } from './live';
import { Runlore } from './runlore';

/** Milliseconds between two loads of a run that is at work; its summary is shown as it comes. */
const PACE = 3000;

/**
 * One run in every detail, kept up to date while it is looked at.
 */
export class DetailModel {
  constructor(
    private readonly _runlore: Runlore,
    readonly runId: string,
    /** Where texts of the user's are kept until they are saved. */
    private readonly _store: DraftStore | null
  ) {
    _runlore.fetched.connect(this._onFetched, this);
  }

  /** Emitted after every load. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The run; undefined until it is loaded. */
  get run(): IRunDetail | undefined {
    const detail = this._detail;
    const summary = detail && this._runlore.runs.get(detail.run_id);
    // Of very many metrics the list has only those that are looked at.
    const metrics = summary?.many ? { ...detail?.metrics, ...summary.metrics } : summary?.metrics;
    return detail && { ...detail, ...summary, metrics: metrics ?? detail.metrics };
  }

  /** Why the last load failed; null when it did not. */
  get error(): Error | null {
    return this._error;
  }

  /** The user's own texts on the run, as they are edited; null until it is loaded. */
  get notes(): DraftModel | null {
    return this._notes;
  }

  get hypothesis(): DraftModel | null {
    return this._hypothesis;
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._notes?.dispose();
    this._hypothesis?.dispose();
    Signal.clearData(this);
  }

  /** Change what the user says of the run; rejects as the client does. */
  async annotate(change: IAnnotation): Promise<void> {
    await this._runlore.annotate({ runs: [this._detail?.run_id ?? this.runId] }, change);
    await this.load();
  }

  async load(): Promise<void> {
    const asked = (this._loaded = Date.now());
    try {
      this._detail = await this._runlore.detail(this.runId);
      this._error = null;
      this._tellDrafts(this._detail, asked);
    } catch (error) {
      this._error = error instanceof Error ? error : new Error(String(error));
    }
    this._changed.emit();
  }

  private _tellDrafts(detail: IRunDetail, asked: number): void {
    this._notes ??= this._draft('notes', detail);
    this._hypothesis ??= this._draft('hypothesis', detail);
    this._notes.told(detail.notes, asked);
    this._hypothesis.told(detail.hypothesis, asked);
  }

  private _draft(field: 'notes' | 'hypothesis', detail: IRunDetail): DraftModel {
    const { run_id: runId } = detail;
    const draft = new DraftModel({
      saved: detail[field],
      save: (text, seen) => this._save(field, text, seen),
      store: this._store,
      key: `runlore:draft:${field}:${runId}`
    });
    draft.changed.connect(() => this._changed.emit());
    return draft;
  }

  /** Save a text unless somebody else has changed it; what the server has then. */
  private async _save(field: 'notes' | 'hypothesis', text: string, seen: string): Promise<string> {
    const runId = this._detail?.run_id ?? this.runId;
    try {
      await this._runlore.annotate({ runs: [runId] }, { [field]: text }, { [field]: seen });
      return text;
    } catch (error) {
      if (error instanceof RefusedError && error.reason === 'ChangedMeanwhile') {
        return (await this._runlore.detail(runId))[field];
      }
      throw error;
    }
  }

  private _onFetched(_: Runlore, change: IChange): void {
    const runId = this._detail?.run_id ?? this.runId;
    const summary = this._runlore.runs.get(runId);
    const hasTurned =
      summary?.status !== this._detail?.status ||
      summary?.verdict?.verdict !== this._detail?.verdict?.verdict;
    // A rerun that starts or ends is listed with its original.
    const isMeant = change.all || change.runs.has(runId) || change.jobs.size > 0;
    if (isMeant) {
      // What changes soon after a load is loaded once the pace allows: nothing else may come to tell of it.
      clearTimeout(this._timer);
      const wait = hasTurned ? 0 : Math.max(0, this._loaded + PACE - Date.now());
      this._timer = setTimeout(() => void this.load(), wait);
    }
  }

  private _detail: IRunDetail | undefined;
  private _notes: DraftModel | null = null;
  private _hypothesis: DraftModel | null = null;
  private _loaded = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _error: Error | null = null;
  private _changed = new Signal<this, void>(this);
}
