import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ISweepDetail, ITrial, TrialState } from '../../api/sweepTypes';
import { formatDuration, formatParameter, formatValue } from '../../charts/format';
import { trialIcons } from '../marks/icons';
import { MarkIcon } from '../marks/marks';

/** Trials that are listed at once. */
const PAGE = 200;

/**
 * The trials of a sweep, the best first; a click on a number opens the run.
 */
export function TrialTable(props: {
  sweep: ISweepDetail;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { sweep, onOpen, trans } = props;
  const [shown, setShown] = React.useState(PAGE);
  const names = [...new Set(sweep.trials.flatMap(trial => Object.keys(trial.parameters)))];
  const ordered = bestFirst(sweep);
  if (ordered.length === 0) {
    const isOn = sweep.state === 'waiting' || sweep.state === 'running';
    return (
      <p className="jp-Runlore-faint">
        {isOn
          ? trans.__('Trials begin as soon as the queue has room for them.')
          : trans.__('No trial was begun.')}
      </p>
    );
  }
  return (
    <section aria-label={trans.__('Trials')}>
      <h3>{trans._n('%1 trial', '%1 trials', ordered.length)}</h3>
      <div className="jp-Runlore-trials">
        <table>
          <thead>
            <tr>
              <th scope="col">{trans.__('Trial')}</th>
              <th scope="col">{trans.__('State')}</th>
              <th scope="col">{sweep.request.metric}</th>
              {names.map(name => (
                <th scope="col" key={name}>
                  {name}
                </th>
              ))}
              <th scope="col">{trans.__('Took')}</th>
              <th scope="col">{trans.__('Remarks')}</th>
            </tr>
          </thead>
          <tbody>
            {ordered.slice(0, shown).map(trial => (
              <TrialRow
                key={trial.number}
                {...{ trial, names, onOpen, trans }}
                isBest={trial.number === sweep.best?.number}
              />
            ))}
          </tbody>
        </table>
      </div>
      {ordered.length > shown && (
        <button className="jp-Runlore-link" onClick={() => setShown(shown + PAGE)}>
          {trans.__('Show more')}
        </button>
      )}
    </section>
  );
}

function TrialRow(props: {
  trial: ITrial;
  names: readonly string[];
  isBest: boolean;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { trial, names, isBest, onOpen, trans } = props;
  const { number, state, value, latest, step, started, ended, runs } = trial;
  const isPruned = state === 'pruned' && trial.pruned_at !== null;
  // Where the state says it already, it needs no remark.
  const why = isPruned ? '' : (trial.why ?? '');
  const [run, ...seeds] = runs;
  return (
    <tr data-trial={number} data-state={state} data-best={isBest}>
      <th scope="row">
        {run === undefined ? (
          number
        ) : (
          <button
            className="jp-Runlore-link"
            title={trans.__('Open the run of trial %1', number)}
            onClick={() => onOpen(run)}
          >
            {number}
          </button>
        )}
        {seeds.map((other, index) => (
          <button
            key={other}
            className="jp-Runlore-link jp-Runlore-trialSeed"
            title={trans.__('Open run %1 of trial %2', index + 2, number)}
            onClick={() => onOpen(other)}
          >
            {`${number}.${index + 2}`}
          </button>
        ))}
        {isBest && <strong> {trans.__('best')}</strong>}
      </th>
      <td>
        <span className="jp-Runlore-mark" data-trial-state={state}>
          <MarkIcon icon={trialIcons[state]} />
          <span>
            {isPruned ? trans.__('pruned at step %1', trial.pruned_at) : trialWord(state, trans)}
          </span>
        </span>
      </td>
      <td className="jp-Runlore-number">
        {value !== null
          ? formatValue(value)
          : latest !== null
            ? trans.__('%1 at step %2', formatValue(latest), step ?? 0)
            : ''}
      </td>
      {names.map(name => (
        <td key={name} className="jp-Runlore-number">
          {shownValue(trial.parameters[name])}
        </td>
      ))}
      <td className="jp-Runlore-number">
        {started !== null && ended !== null ? formatDuration(ended - started) : ''}
      </td>
      <td title={why}>{why}</td>
    </tr>
  );
}

/** The word for the state of a trial. */
export function trialWord(state: TrialState, trans: TranslationBundle): string {
  return {
    waiting: trans.__('waiting'),
    running: trans.__('running'),
    complete: trans.__('done'),
    pruned: trans.__('pruned'),
    failed: trans.__('failed')
  }[state];
}

function shownValue(value: unknown): string {
  return typeof value === 'number'
    ? formatParameter(value)
    : typeof value === 'string'
      ? value
      : value === undefined
        ? ''
        : JSON.stringify(value);
}

/** Those at work, those with a value from the best on, then the others. */
function bestFirst(sweep: ISweepDetail): ITrial[] {
  const sign = sweep.request.direction === 'maximize' ? -1 : 1;
  const rank = (trial: ITrial): number =>
    trial.state === 'running' ? 0 : trial.value !== null ? 1 : 2;
  return [...sweep.trials].sort(
    (one, other) =>
      rank(one) - rank(other) ||
      sign * ((one.value ?? 0) - (other.value ?? 0)) ||
      one.number - other.number
  );
}
