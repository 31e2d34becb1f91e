import { TranslationBundle } from '@jupyterlab/translation';

import { IPace, IQueue } from '../../api/rerunTypes';
import { IJob } from '../../api/types';
import { formatDuration } from '../../charts/format';
import { isActive } from '../../model/jobs';
import { ILife, lifeOf } from '../../model/queue';

/** How far a job is, beside its original. */
export function progressWords(
  job: IJob,
  pace: IPace | undefined,
  trans: TranslationBundle
): string {
  const at = Math.min(job.cells_done + (job.state === 'queued' ? 0 : 1), job.cells_total);
  const cell = trans.__('cell %1/%2', at, job.cells_total);
  if (job.stage !== null) {
    return `${job.stage}, ${cell}`;
  }
  if (!pace || pace.elapsed === null) {
    return cell;
  }
  const elapsed = formatDuration(pace.elapsed);
  if (!isActive(job)) {
    return pace.expected === null
      ? elapsed
      : trans.__('%1, original %2', elapsed, formatDuration(pace.expected));
  }
  return pace.expected === null
    ? `${cell}, ${elapsed}`
    : `${cell}, ${trans.__('%1 of %2', elapsed, formatDuration(pace.expected))}`;
}

/** Whether a job at work moves on; empty where there is nothing to worry about. */
export function lifeWords(life: ILife, trans: TranslationBundle): string {
  const { state, cell, silence } = life;
  if (state === 'quiet' && silence !== null) {
    return trans.__('no sign of life for %1', formatDuration(silence));
  }
  if (state === 'late' && cell?.expected) {
    const factor = ((cell.elapsed ?? 0) / cell.expected).toFixed(1);
    return trans.__('%1 times as long as the original', factor);
  }
  return '';
}

/** What a job waits for, or why it ended so. */
export function reasonWords(
  job: IJob,
  jobs: readonly IJob[],
  queue: IQueue | undefined,
  pace: IPace | undefined,
  now: number,
  trans: TranslationBundle
): string {
  if (job.state === 'running' && pace) {
    return lifeWords(lifeOf(pace, now), trans);
  }
  if (job.state !== 'queued') {
    return isActive(job) ? '' : (job.error ?? '');
  }
  if (job.held) {
    return trans.__('held');
  }
  const open = jobs.find(other => job.after.includes(other.run_id) && isActive(other));
  if (open) {
    return trans.__('waits for %1', open.name);
  }
  if (queue?.paused) {
    return trans.__('the queue is paused');
  }
  if (queue && !queue.owned) {
    return trans.__('nobody carries jobs out: start a server, or run: runlore queue work');
  }
  if (queue && job.gpus > 0 && queue.running < queue.slots) {
    return trans.__('waits for GPUs');
  }
  return job.error === null
    ? trans.__('waits for its turn')
    : trans.__('again after: %1', job.error);
}
