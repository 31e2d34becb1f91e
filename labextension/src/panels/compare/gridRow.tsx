import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { columnId } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { FactCell } from './fact';
import { IColumnPlace } from './grid';
import { fullTitle, RunName } from './runName';

/**
 * What a row of the table knows of its place, and does.
 */
export interface IGridRowProps {
  model: CompareModel;
  /** Changes with anything that the model tells of. */
  turn: number;
  isHovered: boolean;
  /** Whether the keyboard is at this row. */
  isCurrent: boolean;
  /** The place in the table, from 0, and in pixels. */
  index: number;
  top: number;
  inView: readonly IColumnPlace[];
  /** Unix seconds. */
  now: number;
  onFocus: (key: string) => void;
  onClick: (event: React.MouseEvent, index: number) => void;
  trans: TranslationBundle;
}

/**
 * A run in the table of compared runs.
 */
export const GridRow = React.memo(function GridRow(
  props: IGridRowProps & { run: IRun; onOpen: (runId: string) => void }
): React.ReactElement {
  const { model, run, index, top, inView, now, onClick, onOpen, trans } = props;
  const { run_id: id } = run;
  const { selection } = model;
  const isSelected = selection.has(id);
  return (
    <div
      className="jp-Runlore-compare-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      tabIndex={props.isCurrent ? 0 : -1}
      data-runlore-compared={id}
      data-is-hovered={props.isHovered}
      data-is-faint={!selection.stands(id)}
      style={{ transform: `translateY(${top}px)` }}
      onFocus={() => props.onFocus(id)}
      onClick={event => onClick(event, index)}
      onDoubleClick={() => onOpen(id)}
      onPointerEnter={() => selection.hover(id)}
    >
      <span className="jp-Runlore-compare-name" role="gridcell" aria-colindex={1}>
        {/* Not in the tab order: on the row, Space does the same. */}
        <input
          type="checkbox"
          tabIndex={-1}
          checked={isSelected}
          aria-label={trans.__('Select %1', fullTitle(model, run, trans))}
          onChange={() => undefined} // the row's click does it
        />
        <RunName {...{ model, run, trans }} />
      </span>
      {inView.map(({ index: at, left, width }) => {
        const column = model.shown[at];
        return (
          column && (
            <span
              key={columnId(column)}
              className="jp-Runlore-compare-cell"
              role="gridcell"
              aria-colindex={at + 2}
              style={{ left, width }}
            >
              <FactCell {...{ run, column, now, trans }} />
            </span>
          )
        );
      })}
    </div>
  );
});
