import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { columnId } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { columnLabel, columnTitle } from '../runs/cell';
import { IColumnPlace } from './grid';

/**
 * The heads of the columns: a click sorts by one, another turns the order around, a third takes it back.
 */
export function GridHeads(props: {
  model: CompareModel;
  inView: readonly IColumnPlace[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, inView, trans } = props;
  const { selection, runs } = model;
  const isAll = selection.ids.size > 0 && selection.ids.size === runs.list.length;
  return (
    <div className="jp-Runlore-compare-heads" role="row" aria-rowindex={1}>
      <span
        className="jp-Runlore-compare-name"
        role="columnheader"
        aria-colindex={1}
        aria-label={trans.__('Name')}
      >
        <input
          type="checkbox"
          checked={isAll}
          ref={box => {
            if (box) {
              box.indeterminate = selection.ids.size > 0 && !isAll;
            }
          }}
          aria-label={trans.__('Select all runs')}
          title={trans.__('Select all runs')}
          onChange={() =>
            isAll ? selection.clear() : selection.only(runs.list.map(run => run.run_id))
          }
        />
        <span>{trans.__('name')}</span>
      </span>
      {inView.map(({ index, left, width }) => {
        const column = model.shown[index];
        return (
          column && (
            <Head
              key={columnId(column)}
              id={columnId(column)}
              label={columnLabel(column, null, trans)}
              title={columnTitle(column, null, trans)}
              {...{ model, index, left, width, trans }}
            />
          )
        );
      })}
    </div>
  );
}

function Head(props: {
  model: CompareModel;
  id: string;
  label: string;
  title: string;
  index: number;
  left: number;
  width: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, id, label, title, index, left, width, trans } = props;
  const { sort } = model.look.now;
  const isSorted = sort?.column === id;
  const direction = !isSorted ? 'none' : sort.descending ? 'descending' : 'ascending';
  const next = {
    none: { column: id, descending: false },
    ascending: { column: id, descending: true },
    descending: null
  }[direction];
  const Icon = direction === 'ascending' ? caretUpIcon : caretDownIcon;
  return (
    <span
      className="jp-Runlore-compare-head"
      role="columnheader"
      aria-sort={direction}
      aria-colindex={index + 2}
      style={{ left, width }}
    >
      <button
        title={`${title}\n${trans.__('Click to sort by it')}`}
        onClick={() => model.look.set({ sort: next })}
      >
        <span>{label}</span>
        {isSorted && <Icon.react tag="span" />}
      </button>
    </span>
  );
}
