import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { formatDuration } from '../../charts/format';
import { IRunStyle } from '../../model/colors';
import { Column, columnId } from '../../model/columns';
import { Age, ageText } from '../marks/age';
import { detailsIcon, pinIcon, rerunIcon, starIcon } from '../marks/icons';
import { MarkIcon, StatusMark, VerdictBadge } from '../marks/marks';
import { runTitle, shortId } from '../marks/name';
import { Cell } from './cell';

/**
 * What one can do with a run in the list.
 */
export interface IRunActions {
  toggle(runId: string): void;
  open(runId: string): void;
  rerun(runId: string): void;
  rename(runId: string): void;
  remove(runId: string): void;
  /** Bring back what was removed last. */
  undo(): void;
}

/**
 * Properties of a row.
 */
export interface IRunRowProps {
  run: IRun;
  /** How the run is drawn; undefined while it is not shown in the chart. */
  style: IRunStyle | undefined;
  columns: readonly Column[];
  /** The metric in the chart. */
  metric: string | null;
  /** Unix seconds. */
  now: number;
  /** The place in the list, from 0, and in pixels. */
  index: number;
  top: number;
  /** Whether the keyboard is at this row. */
  isCurrent: boolean;
  isMarked: boolean;
  /** Whether another run has its name. */
  isNamesake: boolean;
  onFocus: (key: string) => void;
  onClick: (event: React.MouseEvent, index: number, runId: string) => void;
  actions: IRunActions;
  trans: TranslationBundle;
}

/**
 * A run in the list.
 */
export const RunRow = React.memo(function RunRow(props: IRunRowProps): React.ReactElement {
  const { run, style, columns, index, top, isCurrent, isMarked, isNamesake } = props;
  const { metric, now, onFocus, onClick, actions, trans } = props;
  const id = run.run_id;
  const [isNear, setNear] = React.useState(false);
  const approach = (): void => setNear(true);
  // Said in a word where somebody looks at an original; else it is among what the pointer shows.
  const isRepeatable = run.status !== 'running' && run.kind !== 'mlflow' && run.rerun_of === null;
  const offersRerun = style !== undefined && isRepeatable;
  return (
    <div
      className="jp-Runlore-run"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isMarked}
      tabIndex={isCurrent ? 0 : -1}
      data-runlore-run={id}
      data-runlore-key={id}
      data-shown={style !== undefined}
      data-status={run.status}
      data-verdict={run.verdict?.verdict}
      data-offers-rerun={offersRerun}
      style={{ transform: `translateY(${top}px)` }}
      draggable
      onPointerEnter={approach}
      onFocus={() => {
        approach();
        onFocus(id);
      }}
      // The second click of a double click takes back what the first one did.
      onClick={event => onClick(event, index, id)}
      onDoubleClick={() => actions.open(id)}
    >
      <span role="gridcell" className="jp-Runlore-run-name">
        <span
          className="jp-Runlore-swatch"
          data-color={style?.color}
          data-dash={style?.dash}
          role="img"
          aria-label={style ? trans.__('shown') : trans.__('hidden')}
        />
        <RunName run={run} isNamesake={isNamesake} trans={trans} />
      </span>
      {columns.map((column, place) => (
        <span
          key={columnId(column)}
          role="gridcell"
          className="jp-Runlore-number"
          style={{ gridColumn: place + 2 }}
        >
          <Cell {...{ run, column, metric, now, trans }} />
        </span>
      ))}
      <RunFacts {...{ run, now, trans }}>
        {offersRerun && <RerunButton {...{ run, actions, trans }} isWord />}
      </RunFacts>
      {/* Most rows are scrolled by and never pointed at. */}
      {isNear && <RunButtons {...{ run, actions, trans }} hasRerun={!offersRerun} />}
    </div>
  );
}, looksSame);

/** Whether a row looks as before: that time has passed shows in few of them. */
function looksSame(before: IRunRowProps, after: IRunRowProps): boolean {
  const { run, now, trans } = after;
  const age = (time: number): string => ageText(time - run.started, trans);
  const isSame = (name: keyof IRunRowProps): boolean =>
    name === 'now' || name === 'style' || before[name] === after[name];
  return (
    (Object.keys(after) as (keyof IRunRowProps)[]).every(isSame) &&
    before.style?.color === after.style?.color &&
    before.style?.dash === after.style?.dash &&
    (before.now === now || (run.duration !== null && age(before.now) === age(now)))
  );
}

/** Stands where a run is that is not loaded yet. */
export function PendingRow(props: {
  index: number;
  top: number;
  label: string;
}): React.ReactElement {
  const { index, top, label } = props;
  return (
    <div
      className="jp-Runlore-run jp-mod-pending"
      role="row"
      aria-rowindex={index + 2}
      aria-busy="true"
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="gridcell" aria-label={label} />
    </div>
  );
}

function RunName(props: {
  run: IRun;
  isNamesake: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, isNamesake, trans } = props;
  const marks = [
    { is: run.pinned, icon: pinIcon, word: trans.__('pinned') },
    { is: run.starred, icon: starIcon, word: trans.__('starred') }
  ];
  return (
    <>
      {marks.map(
        ({ is, icon, word }) =>
          is && (
            <span
              key={word}
              className="jp-Runlore-run-mark"
              role="img"
              aria-label={word}
              title={word}
            >
              <MarkIcon icon={icon} />
            </span>
          )
      )}
      <span className="jp-Runlore-run-title" title={run.name}>
        {run.name}
      </span>
      {run.rerun_of !== null && (
        <span className="jp-Runlore-run-kind" title={trans.__('Rerun of %1', run.name)}>
          {trans.__('rerun')}
        </span>
      )}
      {isNamesake && (
        <span className="jp-Runlore-run-kind" title={trans.__('Run %1', run.run_id)}>
          {shortId(run.run_id)}
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
      {run.deleted && <span className="jp-Runlore-run-kind">{trans.__('deleted')}</span>}
    </>
  );
}

function RunFacts(props: {
  run: IRun;
  now: number;
  children: React.ReactNode;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, now, children, trans } = props;
  const duration = run.duration ?? Math.max(now - run.started, 0);
  return (
    <span role="gridcell" className="jp-Runlore-run-facts">
      <StatusMark run={run} trans={trans} />
      <Age since={run.started} now={now} trans={trans} />
      <span className="jp-Runlore-run-duration" title={trans.__('Duration')}>
        {formatDuration(duration)}
      </span>
      {run.verdict && <VerdictBadge verdict={run.verdict} trans={trans} />}
      {children}
    </span>
  );
}

function RerunButton(props: {
  run: IRun;
  actions: IRunActions;
  isWord?: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, actions, isWord = false, trans } = props;
  return (
    <button
      className={isWord ? 'jp-Runlore-link jp-Runlore-run-rerun' : 'jp-Runlore-iconButton'}
      // Not in the tab order: on the row, R reruns.
      tabIndex={-1}
      title={trans.__('Rerun (R)')}
      aria-label={trans.__('Rerun %1', runTitle(run, trans))}
      onClick={event => {
        event.stopPropagation();
        actions.rerun(run.run_id);
      }}
      onDoubleClick={event => event.stopPropagation()}
    >
      {isWord ? (
        <>
          <MarkIcon icon={rerunIcon} />
          {trans.__('Rerun')}
        </>
      ) : (
        <rerunIcon.react tag="span" />
      )}
    </button>
  );
}

function RunButtons(props: {
  run: IRun;
  hasRerun: boolean;
  actions: IRunActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, hasRerun, actions, trans } = props;
  return (
    <span
      role="gridcell"
      className="jp-Runlore-run-actions"
      onDoubleClick={event => event.stopPropagation()}
    >
      {hasRerun && run.kind !== 'mlflow' && <RerunButton {...{ run, actions, trans }} />}
      <button
        className="jp-Runlore-iconButton"
        // Not in the tab order: on the row, Enter opens.
        tabIndex={-1}
        title={trans.__('Details (Enter)')}
        aria-label={trans.__('Details of %1', runTitle(run, trans))}
        onClick={event => {
          event.stopPropagation();
          actions.open(run.run_id);
        }}
      >
        <detailsIcon.react tag="span" />
      </button>
    </span>
  );
}
