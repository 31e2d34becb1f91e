import { IRun } from '../api/types';

/** Metrics that are fetched of runs with very many: those that were looked at last. */
const MOST = 60;

/**
 * The metrics that are looked at. Of runs with very many, no others are fetched.
 */
export class NeededMetrics {
  /** As the server is asked for them: an empty name alone stands for none. */
  get asked(): readonly string[] {
    return this._names.length > 0 ? this._names : [''];
  }

  /** Counts the changes. */
  get version(): number {
    return this._version;
  }

  /** Look at these too; whether any of them is a new one. */
  add(metrics: readonly string[]): boolean {
    const fresh = metrics.filter(name => !this._names.includes(name)).slice(0, MOST);
    if (fresh.length === 0) {
      return false;
    }
    this._names = [...this._names, ...fresh].slice(-MOST);
    this._version++;
    return true;
  }

  /** Take note that these runs were asked for when there was this version. */
  came(runs: readonly IRun[], version: number): void {
    runs.forEach(run => this._versions.set(run, version));
  }

  /** Whether the run has metrics that are looked at by now and were not asked for. */
  lacks(run: IRun): boolean {
    const { many } = run;
    return (
      many !== undefined &&
      (this._versions.get(run) ?? this._version) < this._version &&
      this._names.some(name => many.names.places.has(name) && !(name in run.metrics))
    );
  }

  private _names: readonly string[] = [];
  private _version = 0;
  private readonly _versions = new WeakMap<IRun, number>();
}
