import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { RunsModel } from '../../model/runs';
import { IView } from '../../model/view';
import { EmptyState, ErrorState, LoadingState, StaleBanner } from '../marks/states';
import { RunList } from './list';
import { IRunActions } from './row';

/**
 * Properties of the view of the runs.
 */
export interface IRunsViewProps {
  runs: RunsModel;
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
  const { runs, view, now, actions, trans } = props;
  const [filter, setFilter] = React.useState('');
  const input = React.useRef<HTMLInputElement>(null);
  const found = runs.list.filter(run => matches(run, filter));
  const loadMore = (): void => void runs.loadMore();
  const isFiltered = filter.trim() !== '';
  return (
    <>
      <div className="jp-Runlore-filter">
        <input
          ref={input}
          className="jp-mod-styled"
          type="search"
          placeholder={trans.__('Filter runs')}
          aria-label={trans.__('Filter runs by name, status, verdict, tag')}
          title={trans.__('Filter runs by name, status, verdict, tag')}
          value={filter}
          onChange={event => setFilter(event.target.value)}
          onKeyDown={event => event.key === 'Escape' && setFilter('')}
        />
      </div>
      <div className="jp-Runlore-listHeader" aria-live="polite">
        <span>
          {isFiltered
            ? trans.__('%1 of %2', found.length, runs.list.length)
            : trans._n('%1 run', '%1 runs', runs.total)}
        </span>
        <span className="jp-Runlore-number">{view.metric}</span>
      </div>
      <div className="jp-Runlore-scroll">
        <RunList
          runs={found}
          onEnd={runs.hasMore && !isFiltered ? loadMore : null}
          onFilter={() => input.current?.focus()}
          {...{ view, now, actions, trans }}
        />
        {isFiltered && found.length === 0 && <EmptyState title={trans.__('No run matches')} />}
        {isFiltered && runs.hasMore && (
          <button className="jp-Runlore-link" onClick={loadMore}>
            {trans.__('Search older runs')}
          </button>
        )}
      </div>
    </>
  );
}

/** Whether every word of the filter is found in the run. */
export function matches(run: IRun, filter: string): boolean {
  const text = [
    run.name,
    run.experiment,
    run.status,
    run.verdict?.verdict,
    run.run_id,
    run.notebook,
    ...Object.entries(run.tags).map(([name, value]) => `${name}=${value}`)
  ]
    .join('\n')
    .toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}
