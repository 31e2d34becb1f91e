import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IQueue } from '../../api/rerunTypes';
import { IJob } from '../../api/types';
import { pauseIcon, playIcon, trashIcon } from '../marks/icons';
import { EmptyState, ErrorState, LoadingState, StaleBanner } from '../marks/states';
import { Devices } from '../rerun/surroundings';
import { CellPaces } from './cells';
import { IQueueActions, IRowData } from './row';
import { JobTable } from './table';

/**
 * What one can do with the queue as a whole.
 */
export interface IWholeQueueActions extends IQueueActions {
  pause(isPaused: boolean): void;
  /** Null for what the server offers by itself. */
  setSlots(slots: number | null): void;
  forget(): void;
  retryLoad(): void;
}

/**
 * The queue: what it is at, all of its jobs, and the cells of the one that is looked at.
 */
export function QueueView(props: {
  /** In the order in which they are shown. */
  jobs: readonly IJob[];
  queue: IQueue | undefined;
  error: Error | null;
  rowData: (job: IJob) => IRowData;
  current: string | null;
  onCurrent: (runId: string) => void;
  actions: IWholeQueueActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { jobs, queue, error, rowData, current, onCurrent, actions, trans } = props;
  if (!queue) {
    return error ? (
      <ErrorState error={error} onRetry={() => actions.retryLoad()} trans={trans} />
    ) : (
      <LoadingState trans={trans} />
    );
  }
  const job = jobs.find(one => one.run_id === current) ?? jobs[0];
  const shown = job && rowData(job);
  return (
    <>
      {error && <StaleBanner onRetry={() => actions.retryLoad()} trans={trans} />}
      <QueueBar {...{ queue, actions, trans }} hasEnded={jobs.some(isOver)} />
      {jobs.length === 0 ? (
        <EmptyState
          title={trans.__('No job')}
          sentence={trans.__('Reruns that are asked for wait here for their turn.')}
        />
      ) : (
        <JobTable {...{ jobs, rowData, current, onCurrent, actions, trans }} />
      )}
      {job && shown && <CellPaces {...{ job, trans }} pace={shown.pace} now={shown.now} />}
    </>
  );
}

function QueueBar(props: {
  queue: IQueue;
  hasEnded: boolean;
  actions: IWholeQueueActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { queue, hasEnded, actions, trans } = props;
  const { paused, running, waiting, held, slots } = queue;
  const toggle = paused ? trans.__('Resume the queue') : trans.__('Pause the queue');
  const ToggleIcon = paused ? playIcon : pauseIcon;
  const troubles = queue.backends.flatMap(({ name, trouble }) =>
    trouble ? [`${name}: ${trouble}`] : []
  );
  return (
    <div className="jp-Runlore-queueBar">
      <div role="toolbar" aria-label={trans.__('Queue')}>
        <span className="jp-Runlore-count" aria-live="polite">
          {[
            paused ? trans.__('paused') : '',
            trans.__('%1 running', running),
            trans.__('%1 waiting', waiting),
            held > 0 ? trans.__('%1 held', held) : ''
          ]
            .filter(part => part !== '')
            .join(' · ')}
        </span>
        <button className="jp-Runlore-textButton" onClick={() => actions.pause(!paused)}>
          <ToggleIcon.react tag="span" />
          {toggle}
        </button>
        <label>
          {trans.__('At once')}
          <input
            className="jp-mod-styled"
            type="number"
            min={1}
            max={1000}
            key={slots}
            defaultValue={slots}
            onBlur={event => {
              const value = Number(event.target.value);
              if (Number.isInteger(value) && value >= 1 && value <= 1000 && value !== slots) {
                actions.setSlots(value);
              }
            }}
            onKeyDown={event => event.key === 'Enter' && event.currentTarget.blur()}
          />
        </label>
        <button
          className="jp-Runlore-textButton"
          disabled={!hasEnded}
          title={trans.__('Take jobs that are over off the list; what they recorded stays')}
          onClick={() => actions.forget()}
        >
          <trashIcon.react tag="span" />
          {trans.__('Clear ended jobs')}
        </button>
      </div>
      {!queue.owned && <p role="alert">{trans.__('No process carries jobs out at the moment.')}</p>}
      {troubles.map(trouble => (
        <p role="alert" key={trouble}>
          {trouble}
        </p>
      ))}
      {queue.backends.some(backend => backend.devices.length > 0) && (
        <details>
          <summary>{trans.__('GPUs')}</summary>
          <Devices {...{ queue, trans }} />
        </details>
      )}
    </div>
  );
}

function isOver(job: IJob): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled';
}
