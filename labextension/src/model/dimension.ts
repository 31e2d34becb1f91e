import { IRun } from '../api/types';
import { Column, columnId } from './columns';
import { compareFacts, factOf } from './compareColumns';
import { Span } from './compareSelection';

/** From this ratio of the greatest to the least on, an axis is logarithmic. */
const LOG_RATIO = 50;
/** Part of an axis beyond the least and the greatest number. */
const ROOM = 0.04;
/** Texts that an axis can tell apart. */
const MOST_CATEGORIES = 30;

/**
 * A column as an axis: numbers on a linear or a logarithmic one, texts as categories that stand at 0, 1, and on.
 */
export interface IDimension {
  id: string;
  column: Column;
  kind: 'linear' | 'log' | 'category';
  /** Empty for numbers. */
  categories: readonly string[];
  /** From where to where the axis goes; never empty. */
  domain: Span;
}

/** The axis of a column; null where it has no finite number, or too many texts. */
export function dimensionOf(runs: readonly IRun[], column: Column): IDimension | null {
  const facts = runs.flatMap(run => factOf(run, column) ?? []);
  const id = columnId(column);
  if (facts.some(fact => typeof fact === 'string')) {
    const categories = [...new Set(facts)].sort(compareFacts).map(String);
    return categories.length > MOST_CATEGORIES
      ? null
      : { id, column, kind: 'category', categories, domain: [-0.5, categories.length - 0.5] };
  }
  const numbers = facts.map(Number).filter(Number.isFinite);
  const low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) {
    return null;
  }
  if (low === high) {
    const room = Math.abs(low) / 2 || 1;
    return { id, column, kind: 'linear', categories: [], domain: [low - room, high + room] };
  }
  // With room at both ends, so that a brush can take in the least and the greatest.
  if (low > 0 && high / low >= LOG_RATIO) {
    const factor = (high / low) ** ROOM;
    return { id, column, kind: 'log', categories: [], domain: [low / factor, high * factor] };
  }
  const room = (high - low) * ROOM;
  return { id, column, kind: 'linear', categories: [], domain: [low - room, high + room] };
}

/** Where the run stands on the axis; null where it has nothing there, or no finite number. */
export function placeOn(dimension: IDimension, run: IRun): number | null {
  const fact = factOf(run, dimension.column);
  if (fact === null) {
    return null;
  }
  if (dimension.kind === 'category') {
    const index = dimension.categories.indexOf(String(fact));
    return index < 0 ? null : index;
  }
  const place = Number(fact);
  return Number.isFinite(place) ? place : null;
}

/** The runs that lie within all brushes; on an axis where a run has nothing it lies within none. */
export function runsWithin(
  runs: readonly IRun[],
  columns: readonly Column[],
  brushes: ReadonlyMap<string, Span>
): string[] {
  const axes = columns.filter(column => brushes.has(columnId(column)));
  const dimensions = axes.flatMap(column => dimensionOf(runs, column) ?? []);
  return runs
    .filter(run =>
      dimensions.every(dimension => {
        const place = placeOn(dimension, run);
        const [low, high] = brushes.get(dimension.id) ?? [NaN, NaN];
        return place !== null && place >= low && place <= high;
      })
    )
    .map(run => run.run_id);
}
