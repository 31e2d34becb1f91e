import { IPoints } from './traces';

/** A curve is thought to go on for this part of the visible width beyond its ends. */
const NEAR = 0.02;

/**
 * The point of a line nearest to x that is drawn, by its number; undefined where the line is not there.
 *
 * @param span - Width of what is seen, in units of x.
 */
export function nearestPoint(points: IPoints, x: number, span: number): number | undefined {
  const { x: xs, y } = points;
  const found = points.ascends ? searched(xs, x) : scanned(xs, x);
  if (found === undefined) {
    return undefined;
  }
  const distance = Math.abs((xs[found] ?? NaN) - x);
  const isEnd = found === 0 || found === xs.length - 1;
  const isThere = !isEnd || distance <= span * NEAR;
  return isThere && !Number.isNaN(y[found] ?? NaN) ? found : undefined;
}

function searched(xs: Float64Array, x: number): number | undefined {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    [low, high] = (xs[middle] ?? 0) < x ? [middle + 1, high] : [low, middle];
  }
  const [before, after] = [xs[low - 1], xs[low]];
  if (before === undefined) {
    return after === undefined ? undefined : low;
  }
  return after === undefined || x - before <= after - x ? low - 1 : low;
}

// A loop that began again passes x several times: the last time counts.
function scanned(xs: Float64Array, x: number): number | undefined {
  let [best, least] = [-1, Infinity];
  xs.forEach((at, index) => {
    const distance = Math.abs(at - x);
    if (distance <= least) {
      [best, least] = [index, distance];
    }
  });
  return best < 0 ? undefined : best;
}
