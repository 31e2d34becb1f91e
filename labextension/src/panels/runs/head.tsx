import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Column, columnField, columnId } from '../../model/columns';
import { SearchModel } from '../../model/search';
import { columnLabel, columnTitle } from './cell';

/**
 * The heads of the columns: a click orders by one, another turns the order around, a third takes it back.
 */
export function ColumnHeads(props: {
  columns: readonly Column[];
  metric: string | null;
  search: SearchModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { columns, metric, search, trans } = props;
  return (
    <div className="jp-Runlore-heads" role="row" aria-rowindex={1}>
      <Head field="name" label={trans.__('name')} title={trans.__('Name')} {...{ search, trans }} />
      {columns.map(column => (
        <Head
          key={columnId(column)}
          field={columnField(column, metric)}
          label={columnLabel(column, metric, trans)}
          title={columnTitle(column, metric, trans)}
          {...{ search, trans }}
        />
      ))}
    </div>
  );
}

function Head(props: {
  field: string | null;
  label: string;
  title: string;
  search: SearchModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { field, label, title, search, trans } = props;
  const { order } = search.query;
  const direction =
    order === `${field} ASC` ? 'ascending' : order === `${field} DESC` ? 'descending' : 'none';
  const next = { none: `${field} ASC`, ascending: `${field} DESC`, descending: '' }[direction];
  const Icon = direction === 'ascending' ? caretUpIcon : caretDownIcon;
  return (
    <span className="jp-Runlore-head" role="columnheader" aria-sort={direction}>
      <button
        disabled={field === null}
        title={`${title}\n${trans.__('Click to order by it')}`}
        onClick={() => search.set({ order: next })}
      >
        <span>{label}</span>
        {direction !== 'none' && <Icon.react tag="span" />}
      </button>
    </span>
  );
}
