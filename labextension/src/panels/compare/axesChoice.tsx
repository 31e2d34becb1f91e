import { closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Column, columnId } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { FEWEST } from '../../model/compareAxes';
import { wordMatcher } from '../../model/words';
import { columnLabel, columnTitle } from '../runs/cell';

/** Axes to choose from at a time: of thousands, those that are looked for. */
const MOST_OFFERED = 50;

/**
 * Which of very many parameters and metrics the lines go across: each of them can be taken away, others are looked for.
 */
export function AxesChoice(props: {
  model: CompareModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { across, acrossNow, look } = model;
  const [search, setSearch] = React.useState('');
  const matches = wordMatcher(search);
  const title = (column: Column): string => columnTitle(column, null, trans);
  const taken = new Set(acrossNow);
  const others = across.filter(
    column => !taken.has(column) && (search === '' || matches(title(column)))
  );
  const set = (columns: readonly Column[]): void => look.set({ axes: columns.map(columnId) });
  return (
    <div className="jp-Runlore-axes" role="group" aria-label={trans.__('Axes')}>
      <ul className="jp-Runlore-chips" aria-label={trans.__('Axes in their order')}>
        {acrossNow.map(column => (
          <li key={columnId(column)}>
            <span title={title(column)}>{columnLabel(column, null, trans)}</span>
            <button
              className="jp-Runlore-iconButton"
              title={trans.__('Remove')}
              aria-label={trans.__('Remove %1', title(column))}
              disabled={acrossNow.length <= FEWEST}
              onClick={() => {
                model.brush({ [columnId(column)]: null });
                set(acrossNow.filter(other => other !== column));
              }}
            >
              <closeIcon.react tag="span" />
            </button>
          </li>
        ))}
      </ul>
      <div className="jp-Runlore-axes-more">
        <input
          className="jp-mod-styled"
          type="search"
          placeholder={trans.__('Find axes')}
          aria-label={trans.__('Find axes')}
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
        <HTMLSelect
          className="jp-Runlore-select"
          aria-label={trans.__('Add an axis')}
          value=""
          onChange={event => {
            const column = others.find(other => columnId(other) === event.target.value);
            if (column) {
              set([...acrossNow, column]);
            }
          }}
        >
          <option value="">{trans.__('Add an axis…')}</option>
          {others.slice(0, MOST_OFFERED).map(column => (
            <option key={columnId(column)} value={columnId(column)}>
              {title(column)}
            </option>
          ))}
        </HTMLSelect>
        {look.now.axes && (
          <button className="jp-Runlore-link" onClick={() => look.set({ axes: null })}>
            {trans.__('Reset')}
          </button>
        )}
        <span role="status" className="jp-Runlore-faint">
          {search === ''
            ? trans.__('%1 of %2 shown', acrossNow.length, across.length)
            : trans._n('%1 axis found', '%1 axes found', others.length)}
        </span>
      </div>
    </div>
  );
}
