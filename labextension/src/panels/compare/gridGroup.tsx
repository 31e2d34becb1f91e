import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Column, columnId } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { findColumn } from '../../model/compareColumns';
import { groupFact, ICompareGroup } from '../../model/compareGroups';
import { runTitle } from '../marks/name';
import { factText } from './fact';
import { IGridRowProps } from './gridRow';

/**
 * The head of a group of runs: what they have in common, and the means of their numbers. A click folds it.
 */
export const GridGroup = React.memo(function GridGroup(
  props: IGridRowProps & { group: ICompareGroup }
): React.ReactElement {
  const { model, group, index, top, inView, onClick, trans } = props;
  const name = groupName(model, group, trans);
  const Icon = group.isOpen ? caretDownIcon : caretRightIcon;
  return (
    <div
      className="jp-Runlore-compare-row jp-Runlore-compare-group"
      role="row"
      aria-rowindex={index + 2}
      aria-expanded={group.isOpen}
      tabIndex={props.isCurrent ? 0 : -1}
      data-runlore-group={group.key}
      style={{ transform: `translateY(${top}px)` }}
      onFocus={() => props.onFocus(group.key)}
      onClick={event => onClick(event, index)}
    >
      <span className="jp-Runlore-compare-name" role="gridcell" aria-colindex={1} title={name}>
        <Icon.react tag="span" className="jp-Runlore-group-caret" />
        <span className="jp-Runlore-compare-title">{name}</span>
        <span className="jp-Runlore-compare-count">
          {trans._n('%1 run', '%1 runs', group.runs.length)}
        </span>
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
              <GroupCell {...{ group, column, trans }} />
            </span>
          )
        );
      })}
    </div>
  );
});

function GroupCell(props: {
  group: ICompareGroup;
  column: Column;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { group, column, trans } = props;
  const { fact, deviation } = groupFact(group.runs, column);
  if (fact === null) {
    return null;
  }
  const text = factText(fact, column);
  if (deviation === null) {
    return <span title={text}>{text}</span>;
  }
  const spread = factText(deviation, column);
  return (
    <span title={trans.__('mean %1, standard deviation %2', text, spread)}>
      <span aria-hidden="true">⌀ </span>
      {text}
    </span>
  );
}

function groupName(model: CompareModel, group: ICompareGroup, trans: TranslationBundle): string {
  const { common } = group;
  if (typeof common === 'object' && common !== null) {
    return runTitle(common, trans);
  }
  const column = findColumn(model.columns, model.look.now.group);
  return common === null || !column ? trans.__('(none)') : factText(common, column);
}
