import { IStateDB } from '@jupyterlab/statedb';

import { isRecordOf, Memory } from './memory';

/** How many colours there are; the style sheet defines them as `--jp-runlore-color-0` and on. */
export const COLOR_COUNT = 10;

/** Line styles for runs that share a colour, as plotly names them. */
export const DASHES = ['solid', 'dash', 'dot', 'dashdot', 'longdash'] as const;

const REMEMBERED = 1000;

/**
 * How a run is drawn everywhere.
 */
export interface IRunStyle {
  /** From 0 to `COLOR_COUNT - 1`. */
  color: number;
  dash: (typeof DASHES)[number];
}

/**
 * Gives every run that is shown a colour, which it keeps across reloads.
 */
export class ColorsModel {
  constructor(
    state: IStateDB | null,
    /** The colour that the user gave a run; null for none. */
    private readonly _chosen: (runId: string) => number | null
  ) {
    this._memory = new Memory(state, 'runlore:colors', isColors);
  }

  async restore(): Promise<void> {
    this._colors = new Map(Object.entries((await this._memory.recall()) ?? {}));
  }

  /**
   * The styles of the runs that are shown together, in the order given.
   *
   * A run new here takes the colour after the last one given out that none of the others has. Runs that
   * share a colour differ in their dashes.
   */
  styles(shown: readonly string[]): Map<string, IRunStyle> {
    const sharing = new Map<number, number>();
    const styles = new Map<string, IRunStyle>();
    this._assign(shown);
    // By id, not by order: the dashes stay when the list is sorted in another way.
    for (const runId of [...shown].sort()) {
      const color = this._colorOf(runId) ?? 0;
      const rank = sharing.get(color) ?? 0;
      sharing.set(color, rank + 1);
      styles.set(runId, { color, dash: DASHES[rank % DASHES.length] ?? 'solid' });
    }
    return styles;
  }

  private _colorOf(runId: string): number | undefined {
    return this._chosen(runId) ?? this._colors.get(runId);
  }

  private _assign(shown: readonly string[]): void {
    const taken = new Set(shown.map(id => this._colorOf(id)).filter(color => color !== undefined));
    const fresh = shown.filter(id => this._colorOf(id) === undefined);
    if (fresh.length === 0) {
      return;
    }
    let last = [...this._colors.values()].at(-1) ?? -1;
    for (const runId of fresh) {
      let color = (last + 1) % COLOR_COUNT;
      for (let tries = 0; taken.has(color) && tries < COLOR_COUNT; tries++) {
        color = (color + 1) % COLOR_COUNT;
      }
      this._colors.set(runId, color);
      taken.add(color);
      last = color;
    }
    this._colors = new Map([...this._colors].slice(-REMEMBERED));
    this._memory.keep(Object.fromEntries(this._colors));
  }

  private _colors = new Map<string, number>();
  private _memory: Memory<Record<string, number>>;
}

function isColors(value: unknown): value is Record<string, number> {
  return isRecordOf(
    value,
    (color): color is number =>
      Number.isInteger(color) && (color as number) >= 0 && (color as number) < COLOR_COUNT
  );
}
