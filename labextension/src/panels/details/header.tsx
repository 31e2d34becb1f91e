import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IAnnotation, IJob, IRun, IRunDetail } from '../../api/types';
import { formatDuration } from '../../charts/format';
import { isActive } from '../../model/jobs';
import { deviceText } from '../../model/load';
import { CommandIds } from '../../tokens';
import { JobProgress } from '../jobs/view';
import { stopIcon, trashIcon } from '../marks/icons';
import { isPruned, MarkIcon, StatusMark, VerdictBadge } from '../marks/marks';
import { Actions } from './actions';
import { CopyButton } from './copy';
import { Title } from './title';

/**
 * Who the run is, how it went, what its verdict says.
 */
export function Header(props: {
  run: IRunDetail;
  /** Unix seconds. */
  now: number;
  /** The job that makes this run or, else, that repeats it. */
  job: IJob | undefined;
  /** A run that is loaded. */
  find: (runId: string) => IRun | undefined;
  onOpen: (runId: string) => void;
  onStop: (jobId: string) => void;
  onChange: (change: IAnnotation) => Promise<void>;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, now, job, find, onOpen, onStop, onChange, commands, trans } = props;
  const original = run.rerun_of;
  const sweepId = run.tags['runlore.sweep'];
  const started = new Date(run.started * 1000).toLocaleString();
  const duration = formatDuration(run.duration ?? Math.max(now - run.started, 0));
  return (
    <header className="jp-Runlore-header">
      <div className="jp-Runlore-header-line">
        <Title {...{ run, onChange, trans }} />
        <Actions {...{ run, commands, trans }} />
      </div>
      <div className="jp-Runlore-header-facts">
        <StatusMark run={run} trans={trans} />
        {original !== null && (
          <button className="jp-Runlore-link" onClick={() => onOpen(original)}>
            {trans.__('rerun of %1', find(original)?.name ?? run.name)}
          </button>
        )}
        {sweepId !== undefined && (
          <button
            className="jp-Runlore-link"
            onClick={() => void commands.execute(CommandIds.openSweep, { sweepId })}
          >
            {trans.__('trial of a sweep')}
          </button>
        )}
        <span>{trans.__('started %1', started)}</span>
        <span>
          {run.status === 'running'
            ? trans.__('running for %1', duration)
            : trans.__('took %1', duration)}
        </span>
        {run.devices.length > 0 && <span>{trans.__('on %1', deviceText(run))}</span>}
        {run.kernel !== null && <span>{trans.__('kernel %1', run.kernel)}</span>}
        <span className="jp-Runlore-header-id">
          {trans.__('id')} <code>{run.run_id}</code>
          <CopyButton text={() => run.run_id} label={trans.__('Copy the id')} trans={trans} />
        </span>
      </div>
      {run.deleted && (
        <div className="jp-Runlore-header-deleted">
          <MarkIcon icon={trashIcon} />
          <span>{trans.__('Deleted: the list of runs does not show it.')}</span>
          <button
            className="jp-Runlore-link"
            onClick={() => void commands.execute(CommandIds.restoreRuns, { runId: run.run_id })}
          >
            {trans.__('Restore')}
          </button>
        </div>
      )}
      {run.verdict && (
        <div className="jp-Runlore-header-verdict">
          <VerdictBadge verdict={run.verdict} trans={trans} />
          <span>{run.verdict.reason}</span>
        </div>
      )}
      {isPruned(run) && (
        <div className="jp-Runlore-header-pruned">
          {trans.__('Its sweep stopped it, because other trials were better at the same step.')}
        </div>
      )}
      {job && isActive(job) && (
        <div className="jp-Runlore-header-job" data-runlore-job={job.run_id}>
          <span>{job.run_id === run.run_id ? trans.__('At work') : trans.__('Being rerun')}</span>
          <JobProgress job={job} trans={trans} />
          <button
            className="jp-Runlore-iconButton"
            title={trans.__('Stop')}
            aria-label={trans.__('Stop the rerun of %1', job.name)}
            disabled={job.state === 'stopping'}
            onClick={() => onStop(job.run_id)}
          >
            <stopIcon.react tag="span" />
          </button>
        </div>
      )}
    </header>
  );
}
