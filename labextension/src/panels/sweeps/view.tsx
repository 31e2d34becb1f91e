import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IPlot, ISweepDetail, SweepState } from '../../api/sweepTypes';
import { formatDuration, formatParameter, formatValue } from '../../charts/format';
import { playIcon, stopIcon } from '../marks/icons';
import { StaleBanner } from '../marks/states';
import { SweepPlots } from './plots';
import { TrialTable } from './trials';

/**
 * What one can do with a sweep.
 */
export interface ISweepActions {
  open(runId: string): void;
  stop(): void;
  resume(): void;
  /** So many trials more. */
  extend(trials: number): void;
  retry(): void;
}

/**
 * One sweep: how far it is, the best trial, its plots and all of its trials.
 */
export function SweepView(props: {
  sweep: ISweepDetail;
  plots: Readonly<Record<string, IPlot>> | undefined;
  plotsError: Error | null;
  isDrawing: boolean;
  error: Error | null;
  /** What the original is called. */
  name: string;
  actions: ISweepActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { sweep, plots, plotsError, isDrawing, error, name, actions, trans } = props;
  const { request } = sweep;
  return (
    <>
      {error && <StaleBanner onRetry={() => actions.retry()} trans={trans} />}
      <div className="jp-Runlore-sweepHead">
        <h2>{request.name ?? trans.__('Sweep of %1', name)}</h2>
        <div className="jp-Runlore-sweepFacts">
          <strong data-sweep-state={sweep.state}>{stateWord(sweep.state, trans)}</strong>
          <span>{countWords(sweep, trans)}</span>
          <span>
            {request.direction === 'maximize'
              ? trans.__('maximizes %1', request.metric)
              : trans.__('minimizes %1', request.metric)}
          </span>
          {request.sampler && <span>{trans.__('sampler %1', request.sampler)}</span>}
          {sweep.spent > 0 && <span>{trans.__('worked for %1', formatDuration(sweep.spent))}</span>}
          <button className="jp-Runlore-link" onClick={() => actions.open(request.run_id)}>
            {trans.__('Original: %1', name)}
          </button>
        </div>
        {sweep.phase !== null && <p>{sweep.phase}</p>}
        {sweep.error !== null && <p role="alert">{sweep.error}</p>}
        <Best {...{ sweep, actions, trans }} />
        <Controls {...{ sweep, actions, trans }} />
      </div>
      {(sweep.counts.complete ?? 0) > 0 && (
        <p className="jp-Runlore-sweepDrawing" role="status">
          {isDrawing && (
            <span>
              <progress aria-hidden="true" />
              {plots ? trans.__('Drawing with the new trials…') : trans.__('Drawing…')}
            </span>
          )}
          {!isDrawing && plotsError?.message}
        </p>
      )}
      {plots && <SweepPlots {...{ plots, trans }} />}
      <TrialTable sweep={sweep} onOpen={runId => actions.open(runId)} trans={trans} />
    </>
  );
}

function Best(props: {
  sweep: ISweepDetail;
  actions: ISweepActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { sweep, actions, trans } = props;
  const { best, request } = sweep;
  if (best?.value === null || best === null) {
    return <p>{trans.__('No trial has a result yet.')}</p>;
  }
  const [run] = best.runs;
  const values = Object.entries(best.parameters).map(
    ([name, value]) =>
      `${name} = ${typeof value === 'number' ? formatParameter(value) : String(value)}`
  );
  return (
    <p className="jp-Runlore-sweepBest">
      <strong>{trans.__('Best: %1 = %2', request.metric, formatValue(best.value))}</strong>
      <span>{values.join(', ')}</span>
      {run !== undefined && (
        <button className="jp-Runlore-link" onClick={() => actions.open(run)}>
          {trans.__('Open trial %1', best.number)}
        </button>
      )}
    </p>
  );
}

function Controls(props: {
  sweep: ISweepDetail;
  actions: ISweepActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { sweep, actions, trans } = props;
  const [more, setMore] = React.useState('10');
  const isOn = sweep.state === 'running' || sweep.state === 'waiting';
  const count = Number(more);
  return (
    <div className="jp-Runlore-sweepControls" role="toolbar" aria-label={trans.__('Sweep')}>
      {isOn ? (
        <button
          className="jp-Runlore-textButton"
          disabled={sweep.wish === 'stop'}
          onClick={() => actions.stop()}
        >
          <stopIcon.react tag="span" />
          {sweep.wish === 'stop' ? trans.__('Stopping…') : trans.__('Stop')}
        </button>
      ) : (
        sweep.state !== 'finished' && (
          <button className="jp-Runlore-textButton" onClick={() => actions.resume()}>
            <playIcon.react tag="span" />
            {trans.__('Resume')}
          </button>
        )
      )}
      <label>
        {trans.__('More trials')}
        <input
          className="jp-mod-styled"
          type="number"
          min={1}
          value={more}
          onChange={event => setMore(event.target.value)}
        />
      </label>
      <button
        className="jp-Runlore-textButton"
        disabled={!Number.isInteger(count) || count < 1}
        onClick={() => actions.extend(count)}
      >
        {trans.__('Add')}
      </button>
    </div>
  );
}

/** The word for the state of a sweep. */
export function stateWord(state: SweepState, trans: TranslationBundle): string {
  return {
    waiting: trans.__('waiting'),
    running: trans.__('running'),
    stopped: trans.__('stopped'),
    finished: trans.__('finished'),
    failed: trans.__('failed')
  }[state];
}

function countWords({ counts, request }: ISweepDetail, trans: TranslationBundle): string {
  const ended = (counts.complete ?? 0) + (counts.pruned ?? 0) + (counts.failed ?? 0);
  const parts = [
    request.trials === null || request.trials === undefined
      ? trans._n('%1 trial ended', '%1 trials ended', ended)
      : trans.__('%1 of %2 trials ended', ended, request.trials),
    counts.running ? trans.__('%1 running', counts.running) : '',
    counts.pruned ? trans.__('%1 pruned', counts.pruned) : '',
    counts.failed ? trans.__('%1 failed', counts.failed) : ''
  ];
  return parts.filter(part => part !== '').join(' · ');
}
