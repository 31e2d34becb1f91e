import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CompareModel } from '../../model/compare';

/**
 * How many runs there are, and what can be done with the selected ones.
 */
export function SelectionLine(props: {
  model: CompareModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { runs, selection, look } = model;
  const count = selection.ids.size;
  const keep = (isKept: (runId: string) => boolean): void => {
    const ids = runs.list.map(run => run.run_id).filter(isKept);
    selection.clear();
    void runs.take({ runs: ids });
  };
  const pair = count === 2;
  return (
    <div
      className="jp-Runlore-compare-line jp-Runlore-compare-selected"
      role="toolbar"
      aria-label={trans.__('Selected runs')}
    >
      <span className="jp-Runlore-compare-count" aria-live="polite">
        {count > 0
          ? trans.__('%1 of %2 selected', count, runs.list.length)
          : trans._n('%1 run', '%1 runs', runs.list.length)}
      </span>
      {(count > 0 || selection.brushes.size > 0) && (
        <>
          {pair && (
            <button
              className="jp-Runlore-toggle"
              title={trans.__('Show what differs between the two')}
              onClick={() => look.set({ tab: 'diff' })}
            >
              {trans.__('Diff')}
            </button>
          )}
          {count > 0 && count < runs.list.length && (
            <>
              <button
                className="jp-Runlore-toggle"
                title={trans.__('Compare only the selected runs')}
                onClick={() => keep(id => selection.has(id))}
              >
                {trans.__('Keep')}
              </button>
              <button
                className="jp-Runlore-toggle"
                title={trans.__('Take the selected runs out of this comparison')}
                onClick={() => keep(id => !selection.has(id))}
              >
                {trans.__('Take out')}
              </button>
            </>
          )}
          <button
            className="jp-Runlore-toggle"
            title={trans.__('Select nothing (Escape)')}
            onClick={() => selection.clear()}
          >
            {trans.__('Clear')}
          </button>
        </>
      )}
    </div>
  );
}
