import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IPace, IQueue } from '../../api/rerunTypes';
import { IJob } from '../../api/types';
import { formatParameter } from '../../charts/format';
import { Sparkline } from '../../charts/sparkline';
import { isActive } from '../../model/jobs';
import { partDone } from '../../model/queue';
import {
  detailsIcon,
  downIcon,
  pauseIcon,
  playIcon,
  rerunIcon,
  stopIcon,
  sweepIcon,
  upIcon
} from '../marks/icons';
import { JobMark, VerdictBadge } from '../marks/marks';
import { shortId } from '../marks/name';
import { progressWords, reasonWords } from './words';

/**
 * What one can do with a job of the queue.
 */
export interface IQueueActions {
  open(job: IJob): void;
  openNotebook(job: IJob): void;
  /** Of a job that is a trial of one. */
  openSweep(sweepId: string): void;
  stop(job: IJob): void;
  retry(job: IJob): void;
  hold(job: IJob): void;
  /** One place up (-1) or down (1). */
  move(job: IJob, by: 1 | -1): void;
}

/**
 * What a row shows beside its job.
 */
export interface IRowData {
  jobs: readonly IJob[];
  queue: IQueue | undefined;
  pace: IPace | undefined;
  /** The last points of its metric. */
  spark: readonly number[];
  /** Unix seconds. */
  now: number;
}

/**
 * One job of the queue.
 */
export const JobRow = React.memo(function JobRow(
  props: IRowData & {
    job: IJob;
    index: number;
    top: number;
    isCurrent: boolean;
    actions: IQueueActions;
    onCurrent: (runId: string) => void;
    trans: TranslationBundle;
  }
): React.ReactElement {
  const { job, jobs, queue, pace, spark, now, index, top, isCurrent, actions, trans } = props;
  const reason = reasonWords(job, jobs, queue, pace, now, trans);
  const words = progressWords(job, pace, trans);
  const part = partDone(job, pace);
  return (
    <div
      role="row"
      className="jp-Runlore-queueRow"
      aria-rowindex={index + 2}
      aria-selected={isCurrent}
      tabIndex={isCurrent ? 0 : -1}
      data-runlore-queued={job.run_id}
      data-state={job.state}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => props.onCurrent(job.run_id)}
      onFocus={() => props.onCurrent(job.run_id)}
    >
      <div role="gridcell">
        {job.verdict && job.state === 'succeeded' ? (
          <VerdictBadge verdict={job.verdict} trans={trans} />
        ) : (
          <JobMark job={job} trans={trans} />
        )}
      </div>
      <div role="gridcell">
        <button
          className="jp-Runlore-link"
          title={trans.__('Open the rerun of %1', job.name)}
          tabIndex={-1}
          onClick={() => actions.open(job)}
        >
          {job.name}
          <span className="jp-Runlore-run-kind"> {shortId(job.run_id)}</span>
        </button>
        {job.sweep !== null && <SweepLink {...{ job, actions, isCurrent, trans }} />}
      </div>
      <div role="gridcell">
        {job.state === 'queued' ? null : (
          <div className="jp-Runlore-progress" title={words}>
            <div
              className="jp-Runlore-progress-bar"
              role="progressbar"
              aria-label={trans.__('Progress of the rerun of %1', job.name)}
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={Math.round(100 * part)}
              aria-valuetext={words}
            >
              <div style={{ width: `${100 * part}%` }} />
            </div>
            <span className="jp-Runlore-number">{words}</span>
          </div>
        )}
      </div>
      <div role="gridcell">
        <Sparkline values={spark} width={72} height={18} />
      </div>
      <div role="gridcell" className="jp-Runlore-number">
        {job.priority === 0 ? '' : job.priority}
      </div>
      <div role="gridcell" className="jp-Runlore-number" title={job.devices.join('\n')}>
        {job.gpus === 0 ? '' : formatParameter(job.gpus)}
      </div>
      <div role="gridcell" className="jp-Runlore-number">
        {job.attempt > 1 ? job.attempt : ''}
      </div>
      <div role="gridcell" className="jp-Runlore-reason" title={reason}>
        {reason}
      </div>
      <div role="gridcell" className="jp-Runlore-queueActions">
        {actionsOf(job, actions, trans).map(([icon, label, act]) => (
          <button
            key={label}
            className="jp-Runlore-iconButton"
            title={label}
            aria-label={`${label}: ${job.name}`}
            tabIndex={isCurrent ? 0 : -1}
            disabled={job.state === 'stopping'}
            onClick={act}
          >
            <icon.react tag="span" />
          </button>
        ))}
      </div>
    </div>
  );
});

function SweepLink(props: {
  job: IJob;
  actions: IQueueActions;
  isCurrent: boolean;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { job, actions, isCurrent, trans } = props;
  const { sweep } = job;
  return sweep === null ? null : (
    <button
      className="jp-Runlore-iconButton"
      title={trans.__('Open its sweep')}
      aria-label={trans.__('Open the sweep of %1', job.name)}
      tabIndex={isCurrent ? 0 : -1}
      onClick={() => actions.openSweep(sweep)}
    >
      <sweepIcon.react tag="span" />
    </button>
  );
}

function actionsOf(
  job: IJob,
  actions: IQueueActions,
  trans: TranslationBundle
): [icon: LabIcon, label: string, act: () => void][] {
  const stop: [LabIcon, string, () => void] = [stopIcon, trans.__('Stop'), () => actions.stop(job)];
  if (job.state === 'queued') {
    return [
      [upIcon, trans.__('Earlier'), () => actions.move(job, -1)],
      [downIcon, trans.__('Later'), () => actions.move(job, 1)],
      job.held
        ? [playIcon, trans.__('Release'), () => actions.hold(job)]
        : [pauseIcon, trans.__('Hold'), () => actions.hold(job)],
      stop
    ];
  }
  if (isActive(job)) {
    return [stop];
  }
  return job.state === 'succeeded'
    ? [[detailsIcon, trans.__('Open the notebook'), () => actions.openNotebook(job)]]
    : [[rerunIcon, trans.__('Retry'), () => actions.retry(job)]];
}
