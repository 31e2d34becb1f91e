/** Pixels from a line at which it is pointed at. */
const NEAR = 6;

/**
 * Lines across vertical axes.
 */
export interface ILines {
  /** Where the axes are, in pixels from the left, ascending. */
  axes: readonly number[];
  /** For each line its height at each axis, in pixels from the top; null where it has none. */
  heights: ReadonlyMap<string, readonly (number | null)[]>;
}

/** The line that is pointed at; null for none. One that is looked up takes no layout of hundreds of lines. */
export function nearestLine(lines: ILines, x: number, y: number): string | null {
  const { axes, heights } = lines;
  const right = axes.findIndex(axis => axis >= x);
  const [from, to] = [axes[right - 1], axes[right]];
  if (from === undefined || to === undefined) {
    return null;
  }
  const part = (x - from) / (to - from);
  let nearest: string | null = null;
  let least = NEAR;
  heights.forEach((places, id) => {
    const [start, end] = [places[right - 1], places[right]];
    if (start === null || start === undefined || end === null || end === undefined) {
      return;
    }
    // At a right angle to the line: steep ones would be hard to meet else.
    const slope = (end - start) / (to - from);
    const distance = Math.abs(start + (end - start) * part - y) / Math.hypot(1, slope);
    if (distance < least) {
      [nearest, least] = [id, distance];
    }
  });
  return nearest;
}
