import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { CompareModel } from '../../model/compare';
import { MOST_COMPARED } from '../../model/comparedRuns';
import { EmptyState, ErrorState, LoadingState, StaleBanner } from '../marks/states';
import { CompareGrid } from './grid';
import { SelectionLine } from './selectionLine';
import { CompareToolbar } from './toolbar';

/**
 * The compared runs as a table, or why there are none.
 */
export function CompareRuns(props: {
  model: CompareModel;
  /** What names in filters are completed from. */
  known: readonly IRun[];
  /** Unix seconds. */
  now: number;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, known, now, onOpen, trans } = props;
  const { runs } = model;
  const onRetry = (): void => void runs.load();
  if (runs.isLoading) {
    return <LoadingState trans={trans} />;
  }
  const hasFilter = runs.filter !== '';
  if (runs.error && runs.list.length === 0 && !hasFilter) {
    return <ErrorState error={runs.error} {...{ onRetry, trans }} />;
  }
  if (runs.list.length === 0 && !hasFilter) {
    return (
      <EmptyState
        title={trans.__('No runs to compare')}
        sentence={trans.__('Click runs in the sidebar to show them here.')}
      />
    );
  }
  return (
    <>
      {runs.error && !runs.filterError && <StaleBanner {...{ onRetry, trans }} />}
      <CompareToolbar {...{ model, known, trans }} />
      {runs.list.length === 0 ? (
        <EmptyState title={trans.__('No run matches')} />
      ) : (
        <CompareGrid {...{ model, now, onOpen, trans }} />
      )}
      <SelectionLine {...{ model, trans }} />
      {runs.total > runs.list.length && (
        <div className="jp-Runlore-more" role="status">
          {trans.__(
            'The newest %1 of %2 runs are compared; a filter narrows them.',
            MOST_COMPARED,
            runs.total
          )}
        </div>
      )}
    </>
  );
}
