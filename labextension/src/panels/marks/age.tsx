import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

// To make a format takes longer than to draw the row in which it is used.
const UNITS = (
  [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60]
  ] as const
).map(([unit, length]) => {
  const style = { style: 'unit', unit, unitDisplay: 'narrow' } as const;
  return { length, format: new Intl.NumberFormat(undefined, style) };
});
const TIME = new Intl.DateTimeFormat(undefined, {
  ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
  ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' }
});

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
    <time dateTime={time.toISOString()} title={TIME.format(time)}>
      {ageText(now - since, trans)}
    </time>
  );
}

/** A time span in its largest unit: `now`, `4m`, `1h`, `12d`. */
export function ageText(seconds: number, trans: TranslationBundle): string {
  for (const { length, format } of UNITS) {
    if (seconds >= length) {
      return format.format(Math.floor(seconds / length));
    }
  }
  return trans.__('now');
}
