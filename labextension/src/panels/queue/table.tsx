import { useVirtualizer } from '@tanstack/react-virtual';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IJob } from '../../api/types';
import { isActive } from '../../model/jobs';
import { IQueueActions, IRowData, JobRow } from './row';

const ROW_HEIGHT = 32;
const HEAD_HEIGHT = 28;
const FIRST_RECT = { width: 900, height: 600 };

/**
 * All jobs, however many, as a table for mouse and keyboard: arrows move, Enter opens, Space holds or releases, Delete
 * stops, R retries, + and - move in the queue.
 */
export function JobTable(props: {
  /** In the order in which they are shown. */
  jobs: readonly IJob[];
  rowData: (job: IJob) => IRowData;
  current: string | null;
  onCurrent: (runId: string) => void;
  actions: IQueueActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { jobs, rowData, current, onCurrent, actions, trans } = props;
  const scroll = React.useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: jobs.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: index => jobs[index]?.run_id ?? index,
    overscan: 8,
    paddingStart: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT,
    initialRect: FIRST_RECT,
    useFlushSync: false
  });
  const found = jobs.findIndex(job => job.run_id === current);
  const index = Math.max(found, 0);
  const [goal, setGoal] = React.useState<string | null>(null);
  React.useEffect(() => {
    if (goal !== null) {
      scroll.current?.querySelector<HTMLElement>(`[data-runlore-queued="${goal}"]`)?.focus();
      setGoal(null);
    }
  }, [goal]);
  const goTo = (to: number): void => {
    const job = jobs[Math.min(Math.max(to, 0), jobs.length - 1)];
    if (job) {
      onCurrent(job.run_id);
      virtualizer.scrollToIndex(jobs.indexOf(job));
      setGoal(job.run_id);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const act = keyAction(event, jobs[index], actions, { goTo, index, last: jobs.length - 1 });
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };
  const heads = [
    trans.__('State'),
    trans.__('Name'),
    trans.__('Progress'),
    trans.__('Metric'),
    trans.__('Priority'),
    trans.__('GPUs'),
    trans.__('Attempts'),
    trans.__('Remarks'),
    trans.__('Actions')
  ];
  return (
    <div
      className="jp-Runlore-queueTable"
      ref={scroll}
      role="grid"
      aria-label={trans.__('Jobs')}
      aria-rowcount={jobs.length + 1}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: virtualizer.getTotalSize() }}>
        <div role="row" className="jp-Runlore-queueHead" aria-rowindex={1}>
          {heads.map(head => (
            <div role="columnheader" key={head} title={head}>
              {head}
            </div>
          ))}
        </div>
        {virtualizer.getVirtualItems().map(item => {
          const job = jobs[item.index];
          return job ? (
            <JobRow
              key={job.run_id}
              {...rowData(job)}
              {...{ job, actions, onCurrent, trans }}
              index={item.index}
              top={item.start}
              isCurrent={item.index === index}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

function keyAction(
  event: React.KeyboardEvent,
  job: IJob | undefined,
  actions: IQueueActions,
  place: { goTo: (index: number) => void; index: number; last: number }
): (() => void) | undefined {
  const isRow = (event.target as HTMLElement).dataset.runloreQueued !== undefined;
  if (!job || !isRow || event.ctrlKey || event.metaKey || event.altKey) {
    return undefined; // a button within the row has its own Space and Enter
  }
  const { goTo, index, last } = place;
  const isWaiting = job.state === 'queued';
  const keys: Record<string, (() => void) | undefined> = {
    ArrowDown: () => goTo(index + 1),
    ArrowUp: () => goTo(index - 1),
    Home: () => goTo(0),
    End: () => goTo(last),
    Enter: () => actions.open(job),
    ' ': isWaiting ? () => actions.hold(job) : undefined,
    '+': isWaiting ? () => actions.move(job, -1) : undefined,
    '-': isWaiting ? () => actions.move(job, 1) : undefined,
    Delete: isActive(job) ? () => actions.stop(job) : undefined,
    r: job.state === 'failed' || job.state === 'cancelled' ? () => actions.retry(job) : undefined
  };
  return keys[event.key];
}
