import { Dialog, ReactWidget, showDialog, UseSignal } from '@jupyterlab/apputils';
import { caretDownIcon, caretUpIcon, closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { Column, columnId, ColumnsModel, possibleColumns } from '../../model/columns';
import { columnTitle } from './cell';

/**
 * Let the user choose the columns and their order; every change shows at once.
 */
export async function chooseColumns(
  columns: ColumnsModel,
  runs: readonly IRun[],
  metric: string | null,
  trans: TranslationBundle
): Promise<void> {
  const { button } = await showDialog({
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
  if (button.label === trans.__('Reset')) {
    columns.reset();
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
  const others = possibleColumns(runs, columns.list).filter(column => !taken.has(columnId(column)));
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
        {others.map(column => (
          <option key={columnId(column)} value={columnId(column)}>
            {title(column)}
          </option>
        ))}
      </HTMLSelect>
    </div>
  );
}
