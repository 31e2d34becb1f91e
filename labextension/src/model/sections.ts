import { IRunGroup } from '../api/types';
import { PagedRuns } from './pages';

/**
 * A row of the list: the head of a group, or a run that may not be loaded yet.
 */
export type ListRow =
  | { kind: 'group'; key: string; group: IRunGroup; isOpen: boolean }
  | { kind: 'run'; key: string; runId: string | undefined };

/**
 * Runs that stand together: all that were found, or those of a group.
 */
export interface ISection {
  /** Null where runs are not grouped. */
  group: IRunGroup | null;
  isOpen: boolean;
  pages: PagedRuns;
}

/**
 * Rows of sections in view: which runs of which section.
 */
export interface IPart {
  section: ISection;
  from: number;
  to: number;
}

/**
 * The rows of the list, one section after the other.
 */
export class Sections {
  constructor(readonly all: readonly ISection[]) {
    this.index();
  }

  /** How many rows there are. */
  get count(): number {
    return this._starts.at(-1) ?? 0;
  }

  /** Whether the row is the head of a group. */
  isGroup(index: number): boolean {
    const at = this._sectionAt(index);
    return Boolean(this.all[at]?.group) && this._starts[at] === index;
  }

  /** How many heads of groups stand before a row. */
  groupsBefore(index: number): number {
    const at = this._sectionAt(index);
    const section = this.all[at];
    return section?.group ? at + (index > (this._starts[at] ?? 0) ? 1 : 0) : 0;
  }

  /** Which groups are open, as long as they are; another one where rows have other heights. */
  get layout(): string {
    return this.all[0]?.group ? this._starts.join() : '';
  }

  /** Count the rows again, after a section was opened or changed its length. */
  index(): void {
    this._starts = [0];
    for (const section of this.all) {
      this._starts.push(this.count + rowsOf(section));
    }
  }

  /** The row at this place. */
  row(index: number): ListRow | undefined {
    const at = this._sectionAt(index);
    const section = this.all[at];
    if (!section) {
      return undefined;
    }
    const { group, isOpen, pages } = section;
    const inner = index - (this._starts[at] ?? 0) - (group ? 1 : 0);
    if (group && inner < 0) {
      return { kind: 'group', key: groupKey(group), group, isOpen };
    }
    const runId = pages.at(inner);
    return { kind: 'run', key: runId ?? `${group ? groupKey(group) : ''}#${inner}`, runId };
  }

  /** Where the row with this key is; undefined where it is not, or not known. */
  indexOf(key: string): number | undefined {
    for (const [at, section] of this.all.entries()) {
      const { group, isOpen, pages } = section;
      const start = this._starts[at] ?? 0;
      if (group && groupKey(group) === key) {
        return start;
      }
      const inner = isOpen ? pages.indexOf(key) : undefined;
      if (inner !== undefined) {
        return start + (group ? 1 : 0) + inner;
      }
    }
    return undefined;
  }

  /** The runs within these rows, by section. */
  parts(from: number, to: number): IPart[] {
    const parts: IPart[] = [];
    for (let at = this._sectionAt(from); at < this.all.length; at++) {
      const section = this.all[at];
      const start = (this._starts[at] ?? 0) + (section?.group ? 1 : 0);
      if (!section || start >= to) {
        break;
      }
      if (section.isOpen) {
        parts.push({ section, from: Math.max(from - start, 0), to: to - start });
      }
    }
    return parts;
  }

  private _sectionAt(index: number): number {
    let [low, high] = [0, this.all.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      [low, high] = (this._starts[middle] ?? 0) <= index ? [middle, high] : [low, middle];
    }
    return index < this.count && index >= 0 ? low : this.all.length;
  }

  private _starts: number[] = [0];
}

/** What stands for a group as long as there are runs in it. */
export function groupKey(group: IRunGroup): string {
  return `group:${group.filter}`;
}

function rowsOf({ group, isOpen, pages }: ISection): number {
  return (group ? 1 : 0) + (isOpen ? pages.total : 0);
}
