import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IJob } from '../../api/types';
import { isActive } from '../../model/jobs';
import { inOrder } from '../../model/queue';
import { stopIcon } from '../marks/icons';
import { JobMark, VerdictBadge } from '../marks/marks';
import { shortId } from '../marks/name';

/**
 * What one can do with a job.
 */
export interface IJobActions {
  stop(runId: string): void;
  open(runId: string): void;
}

/** Jobs that are told of beside others; the queue has room for all. */
const MOST = 30;

/**
 * Reruns at work, those that are next, and those that ended a short while ago; of very many the first.
 */
export function JobsView(props: {
  jobs: readonly IJob[];
  actions: IJobActions;
  /** Shows the whole queue. */
  showQueue: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { jobs, actions, showQueue, trans } = props;
  const others = Math.max(jobs.length - MOST, 0);
  return (
    <ul className="jp-Runlore-jobList">
      {inOrder(jobs)
        .slice(0, MOST)
        .map(job => (
          <li
            className="jp-Runlore-job"
            key={job.run_id}
            data-runlore-job={job.run_id}
            data-state={job.state}
            data-verdict={job.verdict?.verdict}
          >
            <div className="jp-Runlore-job-line">
              <button
                className="jp-Runlore-link jp-Runlore-job-name"
                title={trans.__('Open the rerun of %1', job.name)}
                onClick={() => actions.open(job.run_id)}
              >
                {job.name}
                <span className="jp-Runlore-run-kind"> {shortId(job.run_id)}</span>
              </button>
              {job.verdict ? (
                <VerdictBadge verdict={job.verdict} trans={trans} />
              ) : (
                <JobMark job={job} trans={trans} />
              )}
              {isActive(job) && (
                <button
                  className="jp-Runlore-iconButton"
                  title={trans.__('Stop')}
                  aria-label={trans.__('Stop the rerun of %1', job.name)}
                  disabled={job.state === 'stopping'}
                  onClick={() => actions.stop(job.run_id)}
                >
                  <stopIcon.react tag="span" />
                </button>
              )}
            </div>
            {isActive(job) && <JobProgress job={job} trans={trans} />}
            {job.error !== null && <div className="jp-Runlore-job-error">{job.error}</div>}
          </li>
        ))}
      {others > 0 && (
        <li className="jp-Runlore-job">
          <button className="jp-Runlore-link" onClick={showQueue}>
            {trans._n('%1 more in the queue', '%1 more in the queue', others)}
          </button>
        </li>
      )}
    </ul>
  );
}

/** How far a job has come, by cells. */
export function JobProgress(props: { job: IJob; trans: TranslationBundle }): React.ReactElement {
  const { job, trans } = props;
  // The cell that runs counts as the one being at; before the first there is none.
  const at = Math.min(job.cells_done + (job.state === 'queued' ? 0 : 1), job.cells_total);
  const cell = trans.__('cell %1/%2', at, job.cells_total);
  const words = job.stage === null ? cell : `${job.stage}, ${cell}`;
  const part = job.cells_total > 0 ? job.cells_done / job.cells_total : 0;
  return (
    <div className="jp-Runlore-progress">
      <div
        className="jp-Runlore-progress-bar"
        role="progressbar"
        aria-label={trans.__('Progress of the rerun of %1', job.name)}
        aria-valuemin={0}
        aria-valuemax={job.cells_total}
        aria-valuenow={job.cells_done}
        aria-valuetext={words}
      >
        <div style={{ width: `${100 * part}%` }} />
      </div>
      <span className="jp-Runlore-number">{words}</span>
    </div>
  );
}
