import { decodeFloats } from '../api/numbers';
import { IWireCurve } from '../api/curveTypes';
import { XAxis } from './choices';

/**
 * One metric of one run; the arrays are of equal length.
 */
export interface ICurve {
  runId: string;
  metric: string;
  /** Points recorded; more than held here when decimated. */
  count: number;
  /** Where the server goes on when it is asked for what is new; null when it cannot. */
  next: number | null;
  step: Float64Array;
  /** Unix seconds. */
  time: Float64Array;
  value: Float64Array;
  /** The epoch of each point; null where the run does not tell. */
  epoch?: Float64Array | null;
  /** The ends of a band around the values, where they sum up several runs. */
  spread?: { low: Float64Array; high: Float64Array };
  /** Why it has no points although it was recorded. */
  missing?: string | null;
}

/** The curve that the server sent. */
export function decodeCurve(wire: IWireCurve): ICurve {
  return {
    runId: wire.run_id,
    metric: wire.metric,
    count: wire.count,
    next: wire.next,
    step: decodeFloats(wire.step),
    time: decodeFloats(wire.time),
    value: decodeFloats(wire.value),
    epoch: wire.epoch ? decodeFloats(wire.epoch) : null,
    missing: wire.missing ?? null
  };
}

/** A curve as it is now; the same object as before where nothing came. */
export function joined(held: ICurve | null, came: IWireCurve): ICurve {
  const fresh = decodeCurve(came);
  if (held === null || came.since === 0) {
    return fresh;
  }
  return fresh.value.length === 0 ? held : withPoints(fresh, [held, fresh]);
}

/**
 * The curve with a part of it in greater detail, for a look at that part.
 *
 * @param curve - The whole of it, decimated.
 * @param part - A window of it on the axis `x`, with its neighbours.
 */
export function refined(curve: ICurve, part: ICurve, x: XAxis): ICurve {
  const column = x === 'wall' ? 'time' : x;
  const [whole, inner] = [curve[column], part[column]];
  if (!whole || !inner) {
    return curve;
  }
  const [low, high] = [inner[0], inner[inner.length - 1]];
  if (low === undefined || high === undefined) {
    return curve;
  }
  if (!ascends(whole) || !ascends(inner)) {
    // A loop that began again, a clock that was set: before and behind are not to be told by the axis.
    return withPoints(curve, [part]);
  }
  const isBefore = whole.findIndex(at => at >= low);
  const isBehind = whole.findIndex(at => at > high);
  return withPoints(curve, [
    section(curve, 0, isBefore < 0 ? whole.length : isBefore),
    part,
    section(curve, isBehind < 0 ? whole.length : isBehind, whole.length)
  ]);
}

type Columns = Pick<ICurve, 'step' | 'time' | 'value' | 'epoch'>;

function section({ step, time, value, epoch }: Columns, start: number, end: number): Columns {
  return {
    step: step.subarray(start, end),
    time: time.subarray(start, end),
    value: value.subarray(start, end),
    epoch: epoch?.subarray(start, end) ?? null
  };
}

function withPoints(curve: ICurve, parts: readonly Columns[]): ICurve {
  return {
    ...curve,
    step: concatenated(parts.map(part => part.step)),
    time: concatenated(parts.map(part => part.time)),
    value: concatenated(parts.map(part => part.value)),
    epoch: curve.epoch ? concatenated(parts.map(part => part.epoch ?? EMPTY)) : null
  };
}

const EMPTY = new Float64Array();

function concatenated(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((length, array) => length + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function ascends(x: Float64Array): boolean {
  return x.every((at, index) => index === 0 || at >= (x[index - 1] ?? at));
}
