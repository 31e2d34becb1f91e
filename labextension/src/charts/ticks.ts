import { Range } from './scale';

const MOST_TICKS = 5;
/** Marks that a decade of a logarithmic axis can have without those before its end running into each other. */
const TICKS_A_DECADE = 3;
/** By which powers of ten are multiplied for the distance of two marks. */
const STEPS = [2, 5, 10];
/** The part of its length by which a mark may lie beyond an axis. */
const SLACK = 1e-4;
const CHARACTER_WIDTH = 6.2;
const TICK_GAP = 5;
/** However long the values are, the rest of the chart is for the lines. */
const MOST_WIDTH = 84;
/** Values are written out between these powers of ten, beyond them with an exponent. */
const LEAST_POWER = -3;
const MOST_POWER = 4;

/**
 * How plotly is to write the values on an axis, and how many pixels they need.
 */
export interface IValueTicks {
  /** In d3's language; empty where plotly finds the digits that tell one mark from the next. */
  format: string;
  /** Powers of ten beyond this one are written as exponents. */
  power: number;
  width: number;
}

/** How many marks an axis of so many pixels has room for when they are `apart`. */
export function tickCount(length: number, apart: number): number {
  return Math.min(Math.max(Math.floor(length / apart), 2), MOST_TICKS);
}

/** Where plotly puts the last mark of a linear axis that is to have `count` of them, or one every `step`. */
export function lastTick([low, high]: Range, count: number, step?: number): number {
  const rough = (high - low) / count;
  const base = 10 ** powerOf(rough);
  const apart = step ?? base * (STEPS.find(times => times * base > rough) ?? 10);
  return Math.floor((high + SLACK * (high - low)) / apart) * apart;
}

/** How many of the marks that there is room for a logarithmic axis is to have. */
export function logTickCount(count: number, [low, high]: Range): number {
  const decades = high - low;
  return decades < 1 ? count : Math.min(count, Math.floor(decades * TICKS_A_DECADE));
}

/** How the values of a range are written. */
export function valueTicks([low, high]: Range, isLog: boolean): IValueTicks {
  if (isLog) {
    const isPlain = low >= LEAST_POWER && high <= MOST_POWER;
    const plain = Math.max(Math.ceil(-low) + 2, Math.ceil(high));
    const furthest = Math.ceil(Math.max(Math.abs(low), Math.abs(high)));
    const short = (high - low < 1 ? '1.5e+' : '1e+').length + String(furthest).length;
    return ticks(isPlain ? '~g' : '~e', 0, isPlain ? plain : short);
  }
  const power = powerOf(Math.max(Math.abs(low), Math.abs(high)));
  const step = powerOf((high - low) / MOST_TICKS);
  const sign = low < 0 ? 1 : 0;
  const [beyond, isPlain] =
    power < 0 ? [-LEAST_POWER, power >= LEAST_POWER] : [MOST_POWER, power <= MOST_POWER];
  const decimals = Math.max(isPlain ? -step : power - step, 0);
  const point = decimals > 0 ? 1 : 0;
  const whole = isPlain ? Math.max(power, 0) + 1 : 1;
  const exponent = isPlain ? 0 : 'e+'.length + String(Math.abs(power)).length;
  return ticks('', beyond, sign + whole + point + decimals + exponent);
}

function ticks(format: string, power: number, characters: number): IValueTicks {
  const width = Math.ceil(characters * CHARACTER_WIDTH) + TICK_GAP;
  return { format, power, width: Math.min(width, MOST_WIDTH) };
}

function powerOf(value: number): number {
  return Math.floor(Math.log10(value || 1));
}
