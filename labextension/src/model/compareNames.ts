import { IRun } from '../api/types';
import { Column } from './columns';
import { factOf } from './compareColumns';

/** Parameters that stand behind a name at the most; where so many do not tell runs apart, the id does. */
const MOST_NAMED = 2;
/** Characters of an id that are told at the least. */
export const SHORTEST = 4;
/** Characters of a value. */
const LONGEST = 24;

/**
 * What tells runs of one name apart, by run id: the parameters in which they differ, `lr=0.01`, else the start of the
 * id. A run that has its name alone has nothing here; a rerun is told from its original by being one.
 *
 * @param columns - Of which the parameters count, in their order.
 */
export function nameMarks(
  runs: readonly IRun[],
  columns: readonly Column[]
): ReadonlyMap<string, string> {
  const params = columns.filter(column => column.kind === 'params');
  const marks = new Map<string, string>();
  for (const group of groupedBy(runs, run => `${run.rerun_of === null}${run.name}`)) {
    if (group.length > 1) {
      markGroup(group, params, marks);
    }
  }
  return marks;
}

function markGroup(
  group: readonly IRun[],
  params: readonly Column[],
  marks: Map<string, string>
): void {
  // What each parameter tells of each run, written once: there may be hundreds of both.
  const told = params.map(column => group.map(run => valueText(run, column)));
  let named = group.map(() => '');
  let count = 1;
  for (let turn = 0; turn < MOST_NAMED && count < group.length; turn++) {
    let best: readonly string[] | null = null;
    for (const texts of told) {
      const kinds = new Set(texts.map((text, at) => `${named[at] ?? ''} ${text}`)).size;
      if (kinds > count) {
        [best, count] = [texts, kinds];
      }
    }
    if (best === null) {
      break;
    }
    named = best.map((text, at) => `${named[at] ?? ''} ${text}`.trim());
  }
  const names = new Map(group.map((run, at) => [run, named[at] ?? '']));
  for (const alike of groupedBy(group, run => names.get(run) ?? '')) {
    const length = idLength(alike);
    for (const run of alike) {
      const id = alike.length > 1 ? `#${run.run_id.slice(0, length)}` : '';
      marks.set(run.run_id, `${names.get(run) ?? ''} ${id}`.trim());
    }
  }
}

function valueText(run: IRun, column: Column): string {
  const fact = factOf(run, column);
  const text = typeof fact === 'number' ? String(Number(fact.toPrecision(4))) : (fact ?? '–');
  const name = column.kind === 'charted' ? '' : column.name.split('.').at(-1);
  return `${name}=${text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text}`;
}

/** Characters with which the ids differ. */
function idLength(runs: readonly IRun[]): number {
  let length = SHORTEST;
  const longest = runs.reduce((most, run) => Math.max(most, run.run_id.length), 0);
  while (
    length < longest &&
    new Set(runs.map(run => run.run_id.slice(0, length))).size < runs.length
  ) {
    length++;
  }
  return length;
}

function groupedBy(runs: readonly IRun[], key: (run: IRun) => string): IRun[][] {
  const groups = new Map<string, IRun[]>();
  for (const run of runs) {
    const group = groups.get(key(run));
    if (group) {
      group.push(run);
    } else {
      groups.set(key(run), [run]);
    }
  }
  return [...groups.values()];
}
