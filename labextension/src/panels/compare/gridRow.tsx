import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { IRunStyle } from '../../model/colors';
import { Column, columnId } from '../../model/columns';
import { rerunMark, runTitle } from '../marks/name';
import { FactCell } from './fact';
import { IColumnPlace } from './grid';

/**
 * A run in the table of compared runs.
 */
export function GridRow(props: {
  run: IRun;
  columns: readonly Column[];
  /** How the run is drawn; undefined where it is not. */
  style: IRunStyle | undefined;
  isSelected: boolean;
  isHovered: boolean;
  /** Whether others are selected or brushed. */
  isFaint: boolean;
  /** Whether the keyboard is at this row. */
  isCurrent: boolean;
  /** The place in the table, from 0, and in pixels. */
  index: number;
  top: number;
  inView: readonly IColumnPlace[];
  /** Unix seconds. */
  now: number;
  onFocus: (runId: string) => void;
  onClick: (event: React.MouseEvent, index: number) => void;
  onHover: (runId: string) => void;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, columns, style, index, top, inView, now, onClick, onHover, onOpen, trans } = props;
  const { run_id: id, name } = run;
  const title = runTitle(run, trans);
  const mark = rerunMark(run, trans);
  return (
    <div
      className="jp-Runlore-compare-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={props.isSelected}
      tabIndex={props.isCurrent ? 0 : -1}
      data-runlore-compared={id}
      data-is-hovered={props.isHovered}
      data-is-faint={props.isFaint}
      style={{ transform: `translateY(${top}px)` }}
      onFocus={() => props.onFocus(id)}
      onClick={event => onClick(event, index)}
      onDoubleClick={() => onOpen(id)}
      onPointerEnter={() => onHover(id)}
    >
      <span className="jp-Runlore-compare-name" role="gridcell" aria-colindex={1}>
        {/* Not in the tab order: on the row, Space does the same. */}
        <input
          type="checkbox"
          tabIndex={-1}
          checked={props.isSelected}
          aria-label={trans.__('Select %1', title)}
          onChange={() => undefined} // the row's click does it
        />
        <span
          className="jp-Runlore-swatch"
          data-color={style?.color}
          data-dash={style?.dash}
          aria-hidden="true"
        />
        <span className="jp-Runlore-compare-title" title={`${title}\n${id}`}>
          {name}
        </span>
        {mark !== '' && <span className="jp-Runlore-faint">{mark}</span>}
      </span>
      {inView.map(({ index: at, left }) => {
        const column = columns[at];
        return (
          column && (
            <span
              key={columnId(column)}
              className="jp-Runlore-compare-cell"
              role="gridcell"
              aria-colindex={at + 2}
              style={{ left }}
            >
              <FactCell {...{ run, column, now, trans }} />
            </span>
          )
        );
      })}
    </div>
  );
}
