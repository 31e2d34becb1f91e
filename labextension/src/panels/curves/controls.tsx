import { ellipsesIcon, HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ChartChoice, XAxis } from '../../model/choices';

/** The strongest smoothing that still shows a curve. */
const MOST_SMOOTHING = 0.99;

/** Stands for all metrics; no metric has a name without a character. */
const ALL = '';

/**
 * How the curves are looked at: metric, x axis, logarithm, smoothing.
 */
export function CurveControls(props: {
  /** To choose from; none where all are shown anyway. */
  metrics?: readonly string[];
  metric?: string;
  choice: ChartChoice;
  onChange: (change: Partial<ChartChoice>) => void;
  /** Whether any run tells of epochs. */
  hasEpochs: boolean;
  /** Whether the horizontal axis is the only one that says anything. */
  isAxisFixed?: boolean;
  /** Opens the menu of all else. */
  onMenu: (button: HTMLElement) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const {
    metrics = [],
    metric = '',
    choice,
    onChange,
    hasEpochs,
    isAxisFixed = false,
    onMenu,
    trans
  } = props;
  return (
    <div className="jp-Runlore-controls" role="group" aria-label={trans.__('How curves are shown')}>
      {metrics.length > 0 && (
        <HTMLSelect
          className="jp-Runlore-select jp-Runlore-metric"
          value={choice.all ? ALL : metric}
          onChange={event => {
            const { value } = event.target;
            onChange(value === ALL ? { all: true } : { all: false, metric: value });
          }}
          aria-label={trans.__('Metric')}
          title={choice.all ? trans.__('All metrics') : trans.__('Metric: %1', metric)}
        >
          <MetricOptions metrics={metrics} />
          {metrics.length > 1 && <option value={ALL}>{trans.__('All metrics')}</option>}
        </HTMLSelect>
      )}
      {!isAxisFixed && (
        <HTMLSelect
          className="jp-Runlore-select"
          value={choice.x}
          onChange={event => onChange({ x: event.target.value as XAxis })}
          aria-label={trans.__('Horizontal axis')}
          title={trans.__('Horizontal axis: step, epoch, time since the start, or time of day')}
        >
          <option value="step">{trans.__('step')}</option>
          <option value="epoch" disabled={!hasEpochs}>
            {trans.__('epoch')}
          </option>
          <option value="time">{trans.__('time')}</option>
          <option value="wall">{trans.__('clock')}</option>
        </HTMLSelect>
      )}
      <button
        className="jp-Runlore-toggle"
        aria-pressed={choice.log}
        onClick={() => onChange({ log: !choice.log })}
        title={trans.__('Logarithmic vertical axis')}
      >
        {trans.__('log')}
      </button>
      <span className="jp-Runlore-controls-end">
        <label
          className="jp-Runlore-smoothing"
          title={trans.__('Smoothing: moving average with weight %1', choice.smoothing)}
        >
          <span aria-hidden="true">{trans.__('smooth')}</span>
          <input
            type="range"
            min={0}
            max={MOST_SMOOTHING}
            step={0.01}
            value={choice.smoothing}
            onChange={event => onChange({ smoothing: event.target.valueAsNumber })}
            aria-label={trans.__('Smoothing')}
          />
        </label>
        <button
          className="jp-Runlore-iconButton"
          title={trans.__('More on the curves: seeds, best points, download, code')}
          aria-label={trans.__('More on the curves')}
          aria-haspopup="menu"
          onClick={event => onMenu(event.currentTarget)}
        >
          <ellipsesIcon.react tag="span" />
        </button>
      </span>
    </div>
  );
}

/** There may be a thousand: rendered when there are others. */
const MetricOptions = React.memo(
  function MetricOptions({ metrics }: { metrics: readonly string[] }): React.ReactElement {
    return (
      <>
        {metrics.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </>
    );
  },
  (before, { metrics }) =>
    before.metrics.length === metrics.length &&
    metrics.every((name, index) => before.metrics[index] === name)
);
