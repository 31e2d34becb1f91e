import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CellOutcome, IVerdict, JobState, RunStatus } from '../../api/types';
import { jobIcons, statusIcons, verdictIcons } from './icons';

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

/** A status as icon and word. */
export function StatusMark(props: {
  status: RunStatus;
  trans: TranslationBundle;
}): React.ReactElement {
  const { status, trans } = props;
  const word = statusWord(status, trans);
  return (
    <span className="jp-Runlore-mark" data-status={status} title={word}>
      <MarkIcon icon={statusIcons[status]} />
      <span className="jp-Runlore-mark-word">{word}</span>
    </span>
  );
}

/** The state of a job as icon and word. */
export function JobMark(props: { state: JobState; trans: TranslationBundle }): React.ReactElement {
  const { state, trans } = props;
  return (
    <span className="jp-Runlore-mark" data-state={state}>
      <MarkIcon icon={jobIcons[state]} />
      <span className="jp-Runlore-mark-word">{jobWord(state, trans)}</span>
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
