import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { formatDuration, formatLoad, formatParameter, formatValue } from '../../charts/format';
import { Column } from '../../model/columns';
import { factOf } from '../../model/compareColumns';
import { Age } from '../marks/age';
import { StatusMark, VerdictBadge } from '../marks/marks';

/**
 * What a run has in a column, as a cell shows it.
 */
export function FactCell(props: {
  run: IRun;
  column: Column;
  /** Unix seconds. */
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, column, now, trans } = props;
  if (column.kind === 'attribute' && column.name === 'started') {
    return <Age since={run.started} now={now} trans={trans} />;
  }
  if (column.kind === 'attribute' && column.name === 'status') {
    return <StatusMark run={run} trans={trans} />;
  }
  if (column.kind === 'attribute' && column.name === 'verdict' && run.verdict) {
    return <VerdictBadge verdict={run.verdict} trans={trans} />;
  }
  const fact = factOf(run, column);
  return (
    <span className="jp-Runlore-compare-fact" title={fact === null ? undefined : String(fact)}>
      {factText(fact, column)}
    </span>
  );
}

/** A fact in few characters. */
export function factText(fact: string | number | null, column: Column): string {
  if (typeof fact !== 'number') {
    return fact ?? '–';
  }
  if (column.kind === 'load') {
    return formatLoad(column.name, fact);
  }
  if (column.kind === 'params') {
    return formatParameter(fact);
  }
  return column.kind === 'attribute' && column.name === 'duration'
    ? formatDuration(fact)
    : formatValue(fact);
}
