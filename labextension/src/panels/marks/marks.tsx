import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CellOutcome, IJob, IRun, IVerdict, JobState, RunStatus } from '../../api/types';
import { jobIcons, prunedIcon, statusIcons, verdictIcons } from './icons';

/** The word for a status. */
export function statusWord(status: RunStatus, trans: TranslationBundle): string {
  return {
    running: trans.__('running'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    interrupted: trans.__('interrupted'),
    killed: trans.__('killed')
  }[status];
}

/** The word for the state of a job. */
export function jobWord(state: JobState, trans: TranslationBundle): string {
  return {
    queued: trans.__('waiting'),
    running: trans.__('running'),
    stopping: trans.__('stopping'),
    succeeded: trans.__('done'),
    failed: trans.__('failed'),
    cancelled: trans.__('stopped')
  }[state];
}

/** The word for how a cell ended; null while it runs. */
export function outcomeWord(outcome: CellOutcome | null, trans: TranslationBundle): string {
  return outcome === null
    ? trans.__('running')
    : {
        ok: trans.__('ok'),
        error: trans.__('raised an error'),
        interrupted: trans.__('interrupted'),
        unknown: trans.__('unknown')
      }[outcome];
}

/** An icon in the size of small text; its meaning is told beside it. */
export function MarkIcon(props: { icon: LabIcon }): React.ReactElement {
  return (
    <span className="jp-Runlore-mark-icon" aria-hidden="true">
      <props.icon.react tag="span" />
    </span>
  );
}

/** As much of a run as tells how it ended; the tags where they are known. */
export type Ended = Pick<IRun, 'status'> & { tags?: IRun['tags'] | undefined };

/** The tag of a run that its sweep stopped: the step at which that was decided. */
const PRUNED_AT = 'runlore.pruned_at';

/** How a run ended; of one that its sweep pruned, at which step. */
export function endWord(run: Ended, trans: TranslationBundle): string {
  return isPruned(run)
    ? trans.__('pruned at step %1', run.tags?.[PRUNED_AT])
    : statusWord(run.status, trans);
}

/** Whether a sweep stopped the run; one that was repeated to its end since is as good as any. */
export function isPruned({ status, tags }: Ended): boolean {
  return tags?.[PRUNED_AT] !== undefined && (status === 'interrupted' || status === 'killed');
}

/** A status as icon and word. */
export function StatusMark(props: { run: Ended; trans: TranslationBundle }): React.ReactElement {
  const { run, trans } = props;
  const word = endWord(run, trans);
  return (
    <span
      className="jp-Runlore-mark"
      data-status={isPruned(run) ? 'pruned' : run.status}
      title={word}
    >
      <MarkIcon icon={isPruned(run) ? prunedIcon : statusIcons[run.status]} />
      <span className="jp-Runlore-mark-word">{word}</span>
    </span>
  );
}

/** The state of a job as icon and word. */
export function JobMark(props: {
  job: Pick<IJob, 'state' | 'pruned_at'>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { job, trans } = props;
  const { state, pruned_at: step } = job;
  const wasPruned = state === 'cancelled' && step !== null;
  const word = wasPruned ? trans.__('pruned at step %1', step) : jobWord(state, trans);
  return (
    <span className="jp-Runlore-mark" data-state={wasPruned ? 'pruned' : state} title={word}>
      <MarkIcon icon={wasPruned ? prunedIcon : jobIcons[state]} />
      <span className="jp-Runlore-mark-word">{word}</span>
    </span>
  );
}

/** A verdict as icon and words; its sentence is the tooltip. */
export function VerdictBadge(props: {
  verdict: IVerdict;
  trans: TranslationBundle;
}): React.ReactElement {
  const { verdict, trans } = props;
  return (
    <span
      className="jp-Runlore-verdict"
      data-verdict={isExpected(verdict) ? undefined : verdict.verdict}
      title={[verdict.reason, ...(verdict.causes ?? [])].join('\n')}
    >
      <MarkIcon icon={verdictIcons[verdict.verdict]} />
      <span className="jp-Runlore-verdict-words">{verdictWords(verdict, trans)}</span>
    </span>
  );
}

/** As much of a verdict as its words need. */
type Said = Pick<IVerdict, 'verdict' | 'changed' | 'divergence'>;

/** Whether nothing was to come out the same, since some parameters were given other values. */
export function isExpected({ verdict, changed = [] }: Said): boolean {
  return changed.length > 0 && (verdict === 'DIVERGED' || verdict === 'UNVERIFIABLE');
}

/** A verdict in words; a divergence says where, or which parameters were changed. */
export function verdictWords(verdict: Said, trans: TranslationBundle): string {
  if (isExpected(verdict)) {
    return trans.__('CHANGED: %1', (verdict.changed ?? []).join(', '));
  }
  return verdict.verdict === 'DIVERGED' && verdict.divergence
    ? trans.__('DIVERGED at step %1', verdict.divergence.step)
    : verdict.verdict;
}
