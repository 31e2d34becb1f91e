import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RunsModel } from '../../model/runs';
import { SearchModel } from '../../model/search';
import { IView } from '../../model/view';
import { EmptyState, ErrorState, LoadingState, StaleBanner } from '../marks/states';
import { RunList } from './list';
import { OrderSelect } from './order';
import { IRunActions } from './row';
import { SearchBox } from './searchBox';

/**
 * Properties of the view of the runs.
 */
export interface IRunsViewProps {
  runs: RunsModel;
  search: SearchModel;
  view: IView;
  /** Unix seconds. */
  now: number;
  actions: IRunActions;
  onRetry: () => void;
  trans: TranslationBundle;
}

/**
 * All runs with the filter, or why there are none.
 */
export function RunsView(props: IRunsViewProps): React.ReactElement {
  const { runs, onRetry, trans } = props;
  if (runs.list.length > 0) {
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
  return runs.isLoaded ? (
    <EmptyState
      title={trans.__('Nothing recorded yet.')}
      sentence={trans.__('Run the first line once, and put the second above a cell:')}
      code={'%load_ext runlore\n%%track my-run'}
    />
  ) : (
    <LoadingState trans={trans} />
  );
}

function FilteredRuns(props: IRunsViewProps): React.ReactElement {
  const { runs, search, view, now, actions, trans } = props;
  const input = React.useRef<HTMLInputElement>(null);
  const { found, isActive, total } = search;
  return (
    <>
      <SearchBox {...{ search, input, trans }} runs={runs.list} />
      <div className="jp-Runlore-listHeader">
        <span aria-live="polite">{trans._n('%1 run', '%1 runs', total)}</span>
        <OrderSelect {...{ search, trans }} metric={view.metric} />
        <span className="jp-Runlore-number">{view.metric}</span>
      </div>
      <div className="jp-Runlore-scroll">
        <RunList
          runs={found}
          onEnd={search.hasMore ? () => void search.loadMore() : null}
          onFilter={() => input.current?.focus()}
          {...{ view, now, actions, trans }}
        />
        {isActive && found.length === 0 && <EmptyState title={trans.__('No run matches')} />}
      </div>
    </>
  );
}
