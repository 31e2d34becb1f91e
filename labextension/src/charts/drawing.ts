import { XAxis } from '../model/choices';
import { Range } from './scale';
import { ILine } from './traces';

/**
 * How lines are drawn.
 */
export interface IDrawing {
  x: XAxis;
  logX: boolean;
  /** Whether the values' axis is logarithmic. */
  log: boolean;
  smoothing: number;
  /** Seconds a unit of the time axis; 1 for the others. */
  unit: number;
  unitName: string;
}

/** The unit of the time axis that suits the longest line: its length in seconds, and its name. */
export function timeUnit(lines: readonly ILine[]): { seconds: number; name: 's' | 'min' | 'h' } {
  const longest = Math.max(0, ...lines.map(line => (line.curve.time.at(-1) ?? 0) - line.started));
  if (longest > 3 * 3600) {
    return { seconds: 3600, name: 'h' };
  }
  return longest > 180 ? { seconds: 60, name: 'min' } : { seconds: 1, name: 's' };
}

/** Milliseconds as plotly's date axes take them, which know no time zones, so that they show local time. */
export function wallMilliseconds(seconds: number): number {
  const milliseconds = seconds * 1000;
  return milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000;
}

/** Unix seconds of a place on a date axis. */
export function wallSeconds(milliseconds: number): number {
  return (milliseconds + new Date(milliseconds).getTimezoneOffset() * 60_000) / 1000;
}

/** An end of an axis as plotly tells it; a date is told as text. */
export function axisEnd(value: unknown): number {
  if (typeof value !== 'string' || !/^\d{4}-/.test(value)) {
    return Number(value);
  }
  const [date = '', time = ''] = value.split(' ');
  const [hours, minutes, seconds] = time.split(':');
  return Date.parse(`${date}T${hours || '00'}:${minutes ?? '00'}:${seconds ?? '00'}Z`);
}

/** A part of the horizontal axis in units that do not depend on how it is drawn: steps, epochs or seconds. */
export function inBase([low, high]: Range, drawing: IDrawing): Range {
  const base = (place: number): number => {
    const value = drawing.logX ? 10 ** place : place;
    return drawing.x === 'wall' ? wallSeconds(value) : value * drawing.unit;
  };
  return [base(low), base(high)];
}

/** The place on the drawn axis of a part given in its base units. */
export function fromBase([low, high]: Range, drawing: IDrawing): Range {
  const place = (value: number): number => {
    const drawn = drawing.x === 'wall' ? wallMilliseconds(value) : value / drawing.unit;
    return drawing.logX ? Math.log10(Math.max(drawn, Number.MIN_VALUE)) : drawn;
  };
  return [place(low), place(high)];
}
