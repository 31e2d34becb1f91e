import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { metricNumber } from '../../api/metrics';
import { Statistic } from '../../api/metricTypes';
import { IRun } from '../../api/types';
import { formatDuration, formatLoad, formatParameter, formatValue } from '../../charts/format';
import { Column } from '../../model/columns';
import { deviceKinds } from '../../model/load';
import { Age } from '../marks/age';
import { loadWord } from '../marks/load';
import { endWord, VerdictBadge } from '../marks/marks';

/**
 * What a run has in a column.
 */
export function Cell(props: {
  run: IRun;
  column: Column;
  /** The metric in the chart. */
  metric: string | null;
  /** Unix seconds. */
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, column, metric, now, trans } = props;
  if (column.kind === 'attribute' && column.name === 'started') {
    return <Age since={run.started} now={now} trans={trans} />;
  }
  if (column.kind === 'attribute' && column.name === 'verdict') {
    return run.verdict ? <VerdictBadge verdict={run.verdict} trans={trans} /> : <></>;
  }
  const text = cellText(run, column, metric, now, trans);
  return (
    <span title={text === '' ? undefined : `${columnTitle(column, metric, trans)}: ${text}`}>
      {text}
    </span>
  );
}

/** What the head of a column says; short, its title says more. */
export function columnLabel(
  column: Column,
  metric: string | null,
  trans: TranslationBundle
): string {
  return column.kind === 'charted'
    ? (metric ?? '')
    : column.kind === 'attribute'
      ? attributeWord(column.name, trans)
      : column.kind === 'load'
        ? columnTitle(column, metric, trans)
        : column.name;
}

/** What a column is, in full. */
export function columnTitle(
  column: Column,
  metric: string | null,
  trans: TranslationBundle
): string {
  switch (column.kind) {
    case 'charted':
      return metric === null
        ? trans.__('Metric of the chart')
        : trans.__('%1, last value (metric of the chart)', metric);
    case 'metrics':
      return {
        last: trans.__('%1, last value', column.name),
        best: trans.__('%1, best value', column.name),
        min: trans.__('%1, least value', column.name),
        max: trans.__('%1, greatest value', column.name)
      }[column.statistic];
    case 'params':
      return trans.__('Parameter %1', column.name);
    case 'tags':
      return trans.__('Tag %1', column.name);
    case 'attribute':
      return attributeWord(column.name, trans);
    case 'load': {
      const word = loadWord(column.name, trans);
      return column.name.endsWith('.max')
        ? trans.__('%1, at most', word)
        : trans.__('%1, on average', word);
    }
  }
}

function attributeWord(
  name: (Column & { kind: 'attribute' })['name'],
  trans: TranslationBundle
): string {
  return {
    duration: trans.__('duration'),
    started: trans.__('started'),
    status: trans.__('status'),
    verdict: trans.__('verdict'),
    experiment: trans.__('experiment'),
    notebook: trans.__('notebook'),
    gpu: trans.__('GPU'),
    gpus: trans.__('number of GPUs')
  }[name];
}

function cellText(
  run: IRun,
  column: Column,
  metric: string | null,
  now: number,
  trans: TranslationBundle
): string {
  switch (column.kind) {
    case 'charted':
      return metric === null ? '' : metricText(run, metric, 'last');
    case 'metrics':
      return metricText(run, column.name, column.statistic);
    case 'params':
      return paramText(run.params, column.name);
    case 'tags':
      return run.tags[column.name] ?? '';
    case 'load': {
      const value = run.load[column.name];
      return value === undefined ? '' : formatLoad(column.name, value);
    }
    case 'attribute':
      return {
        duration: () => formatDuration(run.duration ?? Math.max(now - run.started, 0)),
        status: () => endWord(run, trans),
        experiment: () => run.experiment,
        notebook: () => run.notebook ?? '',
        started: () => '',
        verdict: () => '',
        gpu: () => deviceKinds(run) ?? '',
        gpus: () => String(run.devices.length || '')
      }[column.name]();
  }
}

function metricText(run: IRun, name: string, statistic: Statistic): string {
  const value = metricNumber(run, name, statistic);
  return value === null ? '' : formatValue(value);
}

function paramText(params: Record<string, unknown>, name: string): string {
  const value = params[name];
  if (value === undefined) {
    return '';
  }
  return typeof value === 'number'
    ? formatParameter(value)
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
}
