import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

const UNITS = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60]
] as const;

/**
 * How long ago something was, with the full time as the tooltip.
 *
 * @param props.since - Unix seconds.
 * @param props.now - Unix seconds.
 */
export function Age(props: {
  since: number;
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { since, now, trans } = props;
  const time = new Date(since * 1000);
  return (
    <time dateTime={time.toISOString()} title={time.toLocaleString()}>
      {ageText(now - since, trans)}
    </time>
  );
}

/** A time span in its largest unit: `now`, `4m`, `1h`, `12d`. */
export function ageText(seconds: number, trans: TranslationBundle): string {
  for (const [unit, length] of UNITS) {
    if (seconds >= length) {
      const style = { style: 'unit', unit, unitDisplay: 'narrow' } as const;
      return new Intl.NumberFormat(undefined, style).format(Math.floor(seconds / length));
    }
  }
  return trans.__('now');
}
