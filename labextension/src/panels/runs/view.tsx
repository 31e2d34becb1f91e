import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IAnnotation, IRun } from '../../api/types';
import { DELETED_RUNS } from '../../model/query';
import { Runlore } from '../../model/runlore';
import { IView } from '../../model/view';
import { EmptyState, ErrorState, LoadingState, StaleBanner } from '../marks/states';
import { useKeptFocus } from './focus';
import { RunList } from './list';
import { MarkBar } from './markBar';
import { IRunActions } from './row';
import { SearchBox } from './searchBox';
import { ListToolbar } from './toolbar';

/**
 * What one can do in the view of the runs.
 */
export interface IRunsActions extends IRunActions {
  /** Change what the user says of the marked runs. */
  change: (change: IAnnotation) => void;
  /** Compare the marked runs in the main area. */
  compare: () => void;
  /** Ask how the marked runs are to be rerun. */
  rerunMarked: () => void;
  chooseColumns: () => void;
  /** Track the notebook that is open; null where none is. */
  track: (() => void) | null;
  retry: () => void;
}

/**
 * Properties of the view of the runs.
 */
export interface IRunsViewProps {
  runlore: Pick<Runlore, 'runs' | 'search' | 'marks' | 'columns'>;
  view: IView;
  /** Unix seconds. */
  now: number;
  actions: IRunsActions;
  trans: TranslationBundle;
}

/**
 * All runs with the filter, or why there are none.
 */
export function RunsView(props: IRunsViewProps): React.ReactElement {
  const root = React.useRef<HTMLDivElement>(null);
  // Where the last row takes the list with it, the keyboard goes on at what one can do instead.
  const kept = useKeptFocus(() => {
    if (!root.current?.querySelector('[role=grid], [role=treegrid]')) {
      root.current?.querySelector<HTMLElement>('button')?.focus();
    }
  });
  return (
    <div className="jp-Runlore-runsView" ref={root} {...kept}>
      <RunsOrWhyNone {...props} />
    </div>
  );
}

function RunsOrWhyNone(props: IRunsViewProps): React.ReactElement {
  const { runlore, actions, trans } = props;
  const { runs, search } = runlore;
  const { retry: onRetry } = actions;
  // Where all runs were deleted, a filter still finds them.
  if (runs.list.length > 0 || search.isActive) {
    return (
      <>
        {runs.error && <StaleBanner {...{ onRetry, trans }} />}
        <FilteredRuns {...props} />
      </>
    );
  }
  if (runs.error) {
    return <ErrorState error={runs.error} {...{ onRetry, trans }} />;
  }
  if (runs.deleted > 0) {
    return (
      <EmptyState
        title={trans.__('All runs are deleted.')}
        action={{
          label: trans.__('Show deleted runs'),
          act: () => search.set({ filter: DELETED_RUNS })
        }}
      />
    );
  }
  return runs.isLoaded ? (
    <EmptyState
      title={trans.__('Nothing recorded yet.')}
      sentence={trans.__(
        'In a notebook, run the first line once, and put the second above the cell that trains:'
      )}
      code={'%load_ext runlore\n%%track my-run'}
      action={
        actions.track ? { label: trans.__('Track this notebook'), act: actions.track } : undefined
      }
    />
  ) : (
    <LoadingState trans={trans} />
  );
}

function FilteredRuns(props: IRunsViewProps): React.ReactElement {
  const { runlore, view, now, actions, trans } = props;
  const { runs, search, marks, columns } = runlore;
  const input = React.useRef<HTMLInputElement>(null);
  const find = React.useCallback((runId: string) => runs.get(runId), [runs]);
  const isNamesake = React.useCallback((run: IRun) => runs.isNamesake(run), [runs]);
  const { metric } = view;
  React.useEffect(() => search.judgeBy(metric), [search, metric]);
  return (
    <>
      <SearchBox {...{ search, input, trans }} runs={runs.list} deleted={runs.deleted} />
      {marks.count > 0 ? (
        <MarkBar
          {...{ marks, trans }}
          areDeleted={areDeleted(runlore)}
          onChange={actions.change}
          onCompare={actions.compare}
          onRerun={actions.rerunMarked}
        />
      ) : (
        <ListToolbar
          {...{ search, metric, trans }}
          runs={runs.list}
          onColumns={actions.chooseColumns}
        />
      )}
      <RunList
        {...{ search, marks, find, isNamesake, view, now, actions, trans }}
        columns={columns.list}
        onFilter={() => input.current?.focus()}
      />
      {search.isActive && search.rows.count === 0 && !search.isPending && (
        <EmptyState title={trans.__('No run matches')} />
      )}
      {search.moreGroups > 0 && (
        <div className="jp-Runlore-more">
          {trans._n(
            '%1 older group is not shown',
            '%1 older groups are not shown',
            search.moreGroups
          )}
        </div>
      )}
    </>
  );
}

/** Whether what is marked are deleted runs: a list has either these or others. */
function areDeleted({ marks, search, runs }: IRunsViewProps['runlore']): boolean {
  const { selection } = marks;
  const row = search.rows.row(0);
  const first = 'runs' in selection ? selection.runs[0] : row?.kind === 'run' && row.runId;
  return runs.get(first || '')?.deleted === true;
}
