import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRunGroup } from '../../api/types';
import { formatValue } from '../../charts/format';

/**
 * The head of a group: what its runs have in common, how many they are, and the best of them.
 */
export function GroupRow(props: {
  group: IRunGroup;
  isOpen: boolean;
  isCurrent: boolean;
  index: number;
  rowKey: string;
  /** The metric of which the best value is told. */
  metric: string | null;
  top: number;
  onFocus: (key: string) => void;
  onToggle: (group: IRunGroup) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { group, isOpen, isCurrent, index, rowKey, metric, top, onFocus, onToggle, trans } = props;
  const { label, value, count, best } = group;
  const name = label ?? (value === null ? trans.__('(none)') : String(value));
  const Icon = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <div
      className="jp-Runlore-group"
      role="row"
      aria-rowindex={index + 2}
      aria-expanded={isOpen}
      tabIndex={isCurrent ? 0 : -1}
      data-runlore-key={rowKey}
      style={{ transform: `translateY(${top}px)` }}
      onFocus={() => onFocus(rowKey)}
      onClick={() => onToggle(group)}
    >
      <span role="gridcell" className="jp-Runlore-group-name" title={name}>
        <Icon.react tag="span" className="jp-Runlore-group-caret" />
        <span>{name}</span>
        <span className="jp-Runlore-faint">{trans._n('%1 run', '%1 runs', count)}</span>
      </span>
      {best !== null && (
        <span
          role="gridcell"
          className="jp-Runlore-number"
          title={trans.__('%1, best value', metric ?? '')}
        >
          {formatValue(best)}
        </span>
      )}
    </div>
  );
}
