import { TranslationBundle } from '@jupyterlab/translation';
import { ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale';

import { formatValue } from '../../charts/format';
import { IDimension } from '../../model/dimension';
import { columnLabel } from '../runs/cell';

/** Ticks of an axis, more or less. */
const TICKS = 5;
/** Categories of which each has a tick. */
const MOST_LABELS = 15;

export type Scale = ScaleContinuousNumeric<number, number>;

/** From places on an axis to pixels. */
export function scaleOf(dimension: IDimension, pixels: readonly [number, number]): Scale {
  const scale = dimension.kind === 'log' ? scaleLog() : scaleLinear();
  return scale.domain(dimension.domain).range(pixels);
}

/** What stands beside an axis, and where. */
export function ticksOf(dimension: IDimension, scale: Scale): { at: number; label: string }[] {
  if (dimension.kind === 'category') {
    const every = Math.ceil(dimension.categories.length / MOST_LABELS);
    return dimension.categories.flatMap((label, index) =>
      index % every === 0 ? [{ at: scale(index), label }] : []
    );
  }
  const ticks = scale.ticks(TICKS);
  const few = dimension.kind === 'log' && ticks.length > 2 * TICKS ? ticks.filter(isPower) : ticks;
  return few.map(tick => ({ at: scale(tick), label: formatTick(tick) }));
}

/** What an axis is called; one that is logarithmic says so. */
export function nameOf(dimension: IDimension, trans: TranslationBundle): string {
  const label = columnLabel(dimension.column, null, trans);
  return dimension.kind === 'log' ? trans.__('%1 (log)', label) : label;
}

function isPower(value: number): boolean {
  return Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6);
}

function formatTick(value: number): string {
  // 0.01000 says no more than 0.01 where no other number stands below it.
  return String(Number(value.toPrecision(4))).length < 7
    ? String(Number(value.toPrecision(4))).replace('-', '−')
    : formatValue(value);
}
