import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { decodeNumber } from '../../api/numbers';
import { IRun } from '../../api/types';
import { formatDuration, formatValue } from '../../charts/format';
import { IRunStyle } from '../../model/colors';
import { Age } from '../marks/age';
import { detailsIcon, rerunIcon } from '../marks/icons';
import { StatusMark, VerdictBadge } from '../marks/marks';
import { runTitle } from '../marks/name';

/**
 * What one can do with a run in the list.
 */
export interface IRunActions {
  toggle(runId: string): void;
  open(runId: string): void;
  rerun(runId: string): void;
}

/**
 * Properties of a row.
 */
export interface IRunRowProps {
  run: IRun;
  /** How the run is drawn; undefined while it is not shown in the chart. */
  style: IRunStyle | undefined;
  /** The metric in the list. */
  metric: string | null;
  /** Unix seconds. */
  now: number;
  /** Whether the keyboard is at this row. */
  isCurrent: boolean;
  onFocus: (runId: string) => void;
  actions: IRunActions;
  trans: TranslationBundle;
}

/**
 * A run in the list.
 */
export function RunRow(props: IRunRowProps): React.ReactElement {
  const { run, style, isCurrent, onFocus, actions, trans } = props;
  const id = run.run_id;
  return (
    <div
      className="jp-Runlore-run"
      role="row"
      aria-selected={style !== undefined}
      tabIndex={isCurrent ? 0 : -1}
      data-runlore-run={id}
      data-status={run.status}
      data-verdict={run.verdict?.verdict}
      onFocus={() => onFocus(id)}
      // The second click of a double click takes back what the first one did.
      onClick={() => actions.toggle(id)}
      onDoubleClick={() => actions.open(id)}
    >
      <span role="gridcell" className="jp-Runlore-run-swatch">
        <span
          className="jp-Runlore-swatch"
          data-color={style?.color}
          data-dash={style?.dash}
          role="img"
          aria-label={style ? trans.__('shown') : trans.__('hidden')}
        />
      </span>
      <RunText {...props} />
      <RunButtons run={run} actions={actions} trans={trans} />
    </div>
  );
}

function RunText(props: IRunRowProps): React.ReactElement {
  const { run, metric, now, trans } = props;
  const summary = metric === null ? undefined : run.metrics[metric];
  const duration = run.duration ?? Math.max(now - run.started, 0);
  return (
    <span role="gridcell" className="jp-Runlore-run-text">
      <span className="jp-Runlore-run-line">
        <span className="jp-Runlore-run-name" title={run.name}>
          {run.name}
        </span>
        {run.rerun_of !== null && (
          <span className="jp-Runlore-run-kind" title={trans.__('Rerun of %1', run.name)}>
            {trans.__('rerun')}
          </span>
        )}
        {run.kind === 'mlflow' && (
          <span
            className="jp-Runlore-run-kind"
            title={trans.__('Logged to MLflow, without its code: it cannot be rerun')}
          >
            {trans.__('MLflow')}
          </span>
        )}
        <span className="jp-Runlore-number" title={summary && trans.__('%1, last value', metric)}>
          {summary ? formatValue(decodeNumber(summary.last)) : ''}
        </span>
      </span>
      <span className="jp-Runlore-run-line jp-Runlore-run-facts">
        <StatusMark status={run.status} trans={trans} />
        <Age since={run.started} now={now} trans={trans} />
        <span className="jp-Runlore-run-duration" title={trans.__('Duration')}>
          {formatDuration(duration)}
        </span>
        {run.verdict && <VerdictBadge verdict={run.verdict} trans={trans} />}
      </span>
    </span>
  );
}

function RunButtons(props: {
  run: IRun;
  actions: IRunActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, actions, trans } = props;
  const title = runTitle(run, trans);
  const act = (event: React.MouseEvent, action: (runId: string) => void): void => {
    event.stopPropagation();
    action(run.run_id);
  };
  return (
    <span
      role="gridcell"
      className="jp-Runlore-run-actions"
      onDoubleClick={event => event.stopPropagation()}
    >
      {/* Not in the tab order: on the row, R reruns and Enter opens. */}
      {run.kind !== 'mlflow' && (
        <button
          className="jp-Runlore-iconButton"
          tabIndex={-1}
          title={trans.__('Rerun (R)')}
          aria-label={trans.__('Rerun %1', title)}
          onClick={event => act(event, actions.rerun)}
        >
          <rerunIcon.react tag="span" />
        </button>
      )}
      <button
        className="jp-Runlore-iconButton"
        tabIndex={-1}
        title={trans.__('Details (Enter)')}
        aria-label={trans.__('Details of %1', title)}
        onClick={event => act(event, actions.open)}
      >
        <detailsIcon.react tag="span" />
      </button>
    </span>
  );
}
