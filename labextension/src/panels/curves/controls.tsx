import { HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ChartChoice, XAxis } from '../../model/choices';

/** The strongest smoothing that still shows a curve. */
const MOST_SMOOTHING = 0.99;

/**
 * How the curves are looked at: metric, x axis, logarithm, smoothing.
 */
export function CurveControls(props: {
  metrics: readonly string[];
  metric: string;
  choice: ChartChoice;
  onChange: (change: Partial<ChartChoice>) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { metrics, metric, choice, onChange, trans } = props;
  return (
    <div className="jp-Runlore-controls" role="group" aria-label={trans.__('How curves are shown')}>
      <HTMLSelect
        className="jp-Runlore-select jp-Runlore-metric"
        value={metric}
        onChange={event => onChange({ metric: event.target.value })}
        aria-label={trans.__('Metric')}
        title={trans.__('Metric: %1', metric)}
      >
        {metrics.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </HTMLSelect>
      <HTMLSelect
        className="jp-Runlore-select"
        value={choice.x}
        onChange={event => onChange({ x: event.target.value as XAxis })}
        aria-label={trans.__('Horizontal axis')}
        title={trans.__('Horizontal axis')}
      >
        <option value="step">{trans.__('step')}</option>
        <option value="time">{trans.__('time')}</option>
      </HTMLSelect>
      <button
        className="jp-Runlore-toggle"
        aria-pressed={choice.log}
        onClick={() => onChange({ log: !choice.log })}
        title={trans.__('Logarithmic vertical axis')}
      >
        {trans.__('log')}
      </button>
      <label
        className="jp-Runlore-smoothing"
        title={trans.__('Smoothing: moving average with weight %1', choice.smoothing)}
      >
        <span aria-hidden="true">~</span>
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
    </div>
  );
}
