import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { IView } from '../../model/view';
import { IRunActions, RunRow } from './row';

/**
 * Properties of the list of runs.
 */
export interface IRunListProps {
  runs: readonly IRun[];
  view: IView;
  /** Unix seconds. */
  now: number;
  /** Called when the end of the list comes into view; null when there is nothing more to load. */
  onEnd: (() => void) | null;
  /** Called when the user asks for the filter by keyboard. */
  onFilter: () => void;
  actions: IRunActions;
  trans: TranslationBundle;
}

/**
 * The list of runs: arrows move, Space shows, Enter opens, R reruns, / filters.
 */
export function RunList(props: IRunListProps): React.ReactElement {
  const { runs, view, now, onEnd, actions, trans } = props;
  const [current, setCurrent] = React.useState<string | null>(null);
  const grid = React.useRef<HTMLDivElement>(null);
  const end = useEnd(onEnd, runs.length);
  // Tab enters the list where the keyboard was, or at the top.
  const isThere = runs.some(run => run.run_id === current);
  const entry = isThere ? current : (runs[0]?.run_id ?? null);
  return (
    <div
      className="jp-Runlore-list"
      role="grid"
      aria-multiselectable="true"
      aria-label={trans.__('Runs')}
      ref={grid}
      onKeyDown={event => onKey(event, grid.current, props)}
    >
      {runs.map(run => (
        <RunRow
          key={run.run_id}
          run={run}
          style={view.styles.get(run.run_id)}
          metric={view.metric}
          isCurrent={run.run_id === entry}
          onFocus={setCurrent}
          {...{ now, actions, trans }}
        />
      ))}
      {onEnd && <div className="jp-Runlore-list-end" ref={end} aria-hidden="true" />}
    </div>
  );
}

function onKey(
  event: React.KeyboardEvent,
  grid: HTMLElement | null,
  { actions, onFilter }: IRunListProps
): void {
  const row = (event.target as HTMLElement).closest<HTMLElement>('[data-runlore-run]');
  const runId = row?.dataset.runloreRun;
  if (!grid || !row || runId === undefined || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const rows = [...grid.querySelectorAll<HTMLElement>('[data-runlore-run]')];
  const at = rows.indexOf(row);
  const isOnRow = event.target === row;
  const keys: Record<string, (() => void) | undefined> = {
    ArrowDown: () => rows[at + 1]?.focus(),
    ArrowUp: () => rows[at - 1]?.focus(),
    Home: () => rows[0]?.focus(),
    End: () => rows.at(-1)?.focus(),
    ' ': isOnRow ? () => actions.toggle(runId) : undefined,
    Enter: isOnRow ? () => actions.open(runId) : undefined,
    r: () => actions.rerun(runId),
    '/': onFilter
  };
  const action = keys[event.key];
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}

function useEnd(onEnd: (() => void) | null, length: number): React.RefObject<HTMLDivElement> {
  const end = React.useRef<HTMLDivElement>(null);
  const latest = React.useRef(onEnd);
  React.useEffect(() => {
    latest.current = onEnd;
  });
  const isOpen = onEnd !== null;
  // Observed anew after each page: when the end is still in view, it is told again.
  React.useEffect(() => {
    if (!end.current || !isOpen) {
      return;
    }
    const observer = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        latest.current?.();
      }
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [isOpen, length]);
  return end;
}
