import { Dialog, ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { caretDownIcon, caretUpIcon, closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { Column, columnId, ColumnsModel, possibleColumns } from '../../model/columns';
import { wordMatcher } from '../../model/words';
import { SearchField } from '../marks/searchField';
import { columnTitle } from './cell';

/** Columns to choose from at a time: of thousands, those that are looked for. */
const MOST_OFFERED = 50;

/**
 * Let the user choose the columns and their order; every change shows at once.
 */
export async function chooseColumns(
  columns: ColumnsModel,
  runs: readonly IRun[],
  metric: string | null,
  trans: TranslationBundle
): Promise<void> {
  const dialog = new ColumnsDialog({
    title: trans.__('Columns'),
    body: ReactWidget.create(
      <UseSignal signal={columns.changed}>
        {() => <ColumnsEditor {...{ columns, runs, metric, trans }} />}
      </UseSignal>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Reset') }),
      Dialog.okButton({ label: trans.__('Close') })
    ]
  });
  const { button } = await dialog.launch();
  if (button.label === trans.__('Reset')) {
    columns.reset();
  }
}

/** Lab's dialog, in whose body Enter is for what has the focus there. */
class ColumnsDialog extends Dialog<unknown> {
  protected override _evtKeydown(event: KeyboardEvent): void {
    const isInBody = event.target instanceof Element && event.target.closest('.jp-Dialog-body');
    if (event.key !== 'Enter' || !isInBody) {
      super._evtKeydown(event);
    }
  }
}

function ColumnsEditor(props: {
  columns: ColumnsModel;
  runs: readonly IRun[];
  metric: string | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { columns, runs, metric, trans } = props;
  const title = (column: Column): string => columnTitle(column, metric, trans);
  const taken = new Set(columns.list.map(columnId));
  const [search, setSearch] = React.useState('');
  const [possible] = React.useState(() => possibleColumns(runs, columns.list));
  const matches = wordMatcher(search);
  // Words are put together for what is looked through alone.
  const others = possible.filter(
    column => !taken.has(columnId(column)) && (search === '' || matches(title(column)))
  );
  const offered = others.slice(0, MOST_OFFERED);
  const rest = others.length - offered.length;
  const isSought = search.trim() !== '';
  const found =
    others.length > 0
      ? trans.__('%1 found; Enter adds the first', others.length)
      : trans.__('No column has these words');
  return (
    <div className="jp-Runlore-columns">
      <ol aria-label={trans.__('Columns in their order')}>
        {columns.list.map((column, index) => (
          <li key={columnId(column)} data-runlore-column={columnId(column)}>
            <span>{title(column)}</span>
            <button
              className="jp-Runlore-iconButton"
              title={trans.__('To the left')}
              aria-label={trans.__('Move %1 to the left', title(column))}
              disabled={index === 0}
              onClick={() => columns.move(column, -1)}
            >
              <caretUpIcon.react tag="span" />
            </button>
            <button
              className="jp-Runlore-iconButton"
              title={trans.__('To the right')}
              aria-label={trans.__('Move %1 to the right', title(column))}
              disabled={index === columns.list.length - 1}
              onClick={() => columns.move(column, 1)}
            >
              <caretDownIcon.react tag="span" />
            </button>
            <button
              className="jp-Runlore-iconButton"
              title={trans.__('Remove')}
              aria-label={trans.__('Remove %1', title(column))}
              onClick={() => columns.remove(column)}
            >
              <closeIcon.react tag="span" />
            </button>
          </li>
        ))}
      </ol>
      {possible.length > MOST_OFFERED && (
        <SearchField
          label={trans.__('Find columns')}
          value={search}
          onChange={setSearch}
          onEnter={() => {
            if (isSought && offered[0]) {
              columns.add(offered[0]);
            }
          }}
          status={isSought ? found : ''}
        />
      )}
      <HTMLSelect
        aria-label={trans.__('Add a column')}
        value=""
        onChange={event => {
          const column = others.find(other => columnId(other) === event.target.value);
          if (column) {
            columns.add(column);
          }
        }}
      >
        <option value="">{trans.__('Add a column…')}</option>
        {offered.map(column => (
          <option key={columnId(column)} value={columnId(column)}>
            {title(column)}
          </option>
        ))}
        {rest > 0 && (
          <option disabled value="">
            {trans._n('%1 more: narrow the search', '%1 more: narrow the search', rest)}
          </option>
        )}
      </HTMLSelect>
    </div>
  );
}
