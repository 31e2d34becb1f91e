/** Runs that are fresh or stale together. */
const PAGE = 25;

/** Runs that are asked for at once, at the most. */
export const MOST_ASKED = 100;

/** Runs held on either side of those in view. */
const KEPT = 1500;

/**
 * Runs that stand together in what a query finds.
 */
export interface ISpan {
  offset: number;
  limit: number;
}

/**
 * The ids of the runs that a query finds, in its order; those that were looked at are known, the others are not.
 */
export class PagedRuns {
  /** How many runs there are to be found. */
  get total(): number {
    return this._ids.length;
  }

  /** The run at this place; undefined while it is not loaded. */
  at(index: number): string | undefined {
    return this._ids[index];
  }

  /** Where the run stands; undefined where that is not known. */
  indexOf(runId: string): number | undefined {
    return this._places.get(runId);
  }

  /** All runs that are known. */
  get known(): readonly string[] {
    return [...this._places.keys()];
  }

  /** Take what the server says of the runs from this place on. */
  put(offset: number, runIds: readonly string[], total: number): void {
    if (total !== this._ids.length) {
      this.age(); // a run came or went, and who knows where
    }
    this._resize(total);
    runIds.forEach((id, index) => this._place(id, offset + index));
    for (let page = Math.ceil(offset / PAGE); page * PAGE < offset + runIds.length; page++) {
      this._stale.delete(page);
    }
  }

  /** So many runs came before all others. */
  shift(count: number): void {
    this._ids.unshift(...new Array<undefined>(count).fill(undefined));
    this._index();
  }

  /** Have everything asked for again once it is looked at; until then it stays as it is. */
  age(): void {
    for (let page = 0; page * PAGE < this._ids.length; page++) {
      this._stale.add(page);
    }
  }

  /** Of which runs the server should tell, of those from here to there: the first that stand together; else undefined. */
  missing(from: number, to: number): ISpan | undefined {
    const end = Math.min(to, this._ids.length);
    const isMissing = (page: number): boolean => {
      const part = this._ids.slice(Math.max(page * PAGE, from), Math.min((page + 1) * PAGE, end));
      return part.length > 0 && (this._stale.has(page) || part.includes(undefined));
    };
    for (let page = Math.floor(Math.max(from, 0) / PAGE); page * PAGE < end; page++) {
      if (isMissing(page)) {
        let limit = PAGE;
        while (limit < MOST_ASKED && isMissing(page + limit / PAGE)) {
          limit += PAGE;
        }
        return { offset: page * PAGE, limit };
      }
    }
    return undefined;
  }

  /** Forget what is far from here; the ids of the runs that are no longer known. */
  trim(from: number, to: number): string[] {
    if (this._places.size <= 2 * KEPT) {
      return [];
    }
    const gone: string[] = [];
    this._ids.forEach((id, index) => {
      if (id !== undefined && (index < from - KEPT || index >= to + KEPT)) {
        this._ids[index] = undefined;
        gone.push(id);
      }
    });
    this._index();
    return gone;
  }

  private _resize(total: number): void {
    this._ids.splice(total).forEach(id => id !== undefined && this._places.delete(id));
    while (this._ids.length < total) {
      this._ids.push(undefined); // without holes: long arrays with them are slow
    }
  }

  private _place(id: string, index: number): void {
    const [before, other] = [this._places.get(id), this._ids[index]];
    if (before !== undefined) {
      this._ids[before] = undefined;
    }
    if (other !== undefined) {
      this._places.delete(other);
    }
    this._ids[index] = id;
    this._places.set(id, index);
  }

  private _index(): void {
    this._places = new Map();
    this._ids.forEach((id, index) => id !== undefined && this._places.set(id, index));
  }

  /** Undefined are runs that are not known. */
  private _ids: (string | undefined)[] = [];
  private _places = new Map<string, number>();
  private _stale = new Set<number>();
}
