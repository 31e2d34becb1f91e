import { Column, columnId } from './columns';

/** Axes beside one another of which none is chosen: more are no picture. */
const MOST = 12;
/** Of those, parameters and the metric that is looked at. */
const MOST_FIRST = 10;
/** A line needs so many. */
export const FEWEST = 2;

/**
 * The columns across which runs are drawn, in their order: those that the user chose, or of very many the metric that
 * is looked at, parameters, and then other metrics.
 *
 * @param columns - Those that can be axes.
 * @param chosen - Ids of columns; null where the user chose none.
 * @param metric - The metric that is looked at.
 */
export function axisColumns(
  columns: readonly Column[],
  chosen: readonly string[] | null,
  metric: string | null
): readonly Column[] {
  const ids = new Set(chosen);
  const named = columns.filter(column => ids.has(columnId(column)));
  if (named.length >= FEWEST) {
    return named; // what was chosen for other runs may be next to nothing in these
  }
  const params = columns.filter(column => column.kind === 'params');
  const metrics = columns.filter(column => column.kind === 'metrics');
  const main = metrics.filter(column => column.name === metric).slice(0, 1);
  const others = metrics.filter(column => !main.includes(column));
  const first = columns.length > MOST ? params.slice(0, MOST_FIRST - main.length) : params;
  const taken = new Set([...main, ...first, ...others.slice(0, MOST - main.length - first.length)]);
  return columns.length > MOST ? columns.filter(column => taken.has(column)) : columns;
}
