/** From where to where on an axis; logarithms to base ten on a logarithmic one. */
export type Range = readonly [low: number, high: number];

/** Part of the height that stays free above and below the lines. */
const AIR = 0.06;
/** A line of few points shows them, and they need room at the sides. */
const SIDE_AIR = 0.02;
/** Part of the width by which an axis is lengthened when a running curve reaches its end. */
const AHEAD = 0.08;

/** Where a value lies on an axis; NaN where it has no place there. */
export function onAxis(value: number, isLog: boolean): number {
  if (!Number.isFinite(value) || (isLog && value <= 0)) {
    return NaN;
  }
  return isLog ? Math.log10(value) : value;
}

/** The value at a place on an axis. */
export function offAxis(place: number, isLog: boolean): number {
  return isLog ? 10 ** place : place;
}

/** From the least to the greatest place of the values; null where none has a place. */
export function extent(columns: Iterable<Float64Array>, isLog: boolean): Range | null {
  let [low, high] = [Infinity, -Infinity];
  for (const values of columns) {
    for (const value of values) {
      if (Number.isFinite(value) && (!isLog || value > 0)) {
        low = value < low ? value : low;
        high = value > high ? value : high;
      }
    }
  }
  return low <= high ? [onAxis(low, isLog), onAxis(high, isLog)] : null;
}

/**
 * The range of a vertical axis that shows everything between `low` and `high`, with air above and below.
 */
export function withAir(range: Range | null): Range {
  return widened(range ?? [0, 1], AIR);
}

/** The range of a horizontal axis: lines reach to its ends, single points do not. */
export function withSides(range: Range | null, hasPoints: boolean): Range {
  const [low, high] = range ?? [0, 1];
  return low === high || hasPoints ? widened([low, high], SIDE_AIR) : [low, high];
}

function widened([low, high]: Range, part: number): Range {
  const span = high - low;
  // A single value stands in the middle.
  const room = span > 0 ? span * part : Math.abs(low) * part || 0.5;
  return [low - room, high + room];
}

/**
 * The range to show now that `needed` is there: the one shown as long as it suffices, else a greater one. It only ever
 * grows, so that nothing moves but the data.
 *
 * @param held - What is shown; null for nothing yet.
 * @param isMoving - Whether more is to come; then there is room for it, and the axis does not move with each point.
 */
export function grown(held: Range | null, needed: Range, isMoving: boolean): Range {
  if (held === null) {
    return needed;
  }
  if (needed[0] >= held[0] && needed[1] <= held[1]) {
    return held;
  }
  const low = Math.min(held[0], needed[0]);
  const high = Math.max(held[1], needed[1]);
  const ahead = isMoving && needed[1] > held[1] ? (high - low) * AHEAD : 0;
  return [low, high + ahead];
}

/** Where a place on an axis is in pixels, `from` being those of its low end. */
export function toPixels(place: number, [low, high]: Range, from: number, to: number): number {
  return from + ((place - low) / (high - low)) * (to - from);
}

/** The place on an axis at a pixel. */
export function fromPixels(pixel: number, [low, high]: Range, from: number, to: number): number {
  return low + ((pixel - from) / (to - from)) * (high - low);
}
