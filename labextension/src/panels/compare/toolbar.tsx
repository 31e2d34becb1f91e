import { ellipsesIcon, HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { columnId } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { BY_SEEDS } from '../../model/compareGroups';
import { FilterInput } from '../runs/filterInput';
import { columnLabel } from '../runs/cell';
import { openTableMenu } from './tableMenu';

/** Attributes that runs have in common. */
const GROUPED: ReadonlySet<string> = new Set([
  'experiment',
  'notebook',
  'status',
  'verdict',
  'gpu'
]);
/** Stands for no groups; no column has an id without a character. */
const NONE = '';

/** Milliseconds without a key before the server is asked. */
const TYPING = 250;

/**
 * Which runs and columns the table shows, and how they are grouped.
 */
export function CompareToolbar(props: {
  model: CompareModel;
  /** What names in filters are completed from. */
  known: readonly IRun[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, known, trans } = props;
  return (
    <div className="jp-Runlore-compare-toolbar">
      <Narrowing {...{ model, known, trans }} />
      <div className="jp-Runlore-compare-line" role="toolbar" aria-label={trans.__('Table')}>
        <Grouping {...{ model, trans }} />
        <Differing {...{ model, trans }} />
        <button
          className="jp-Runlore-iconButton"
          title={trans.__('More on the table: which numbers, copies')}
          aria-label={trans.__('More on the table')}
          aria-haspopup="menu"
          onClick={event => openTableMenu(event.currentTarget, model, trans)}
        >
          <ellipsesIcon.react tag="span" />
        </button>
      </div>
    </div>
  );
}

function Narrowing(props: {
  model: CompareModel;
  known: readonly IRun[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, known, trans } = props;
  const { runs } = model;
  const input = React.useRef<HTMLInputElement>(null);
  const [text, setText] = React.useState(runs.filter);
  const errorId = React.useId();
  React.useEffect(() => {
    if (text.trim() === runs.filter) {
      return;
    }
    const timer = setTimeout(() => void runs.narrow(text), TYPING);
    return () => clearTimeout(timer);
  }, [runs, text]);
  return (
    <div className="jp-Runlore-filter">
      <FilterInput
        value={text}
        onChange={setText}
        error={runs.filterError && errorId}
        runs={known}
        {...{ input, trans }}
      />
      {runs.filterError && (
        <div id={errorId} className="jp-Runlore-filter-error" role="status">
          {runs.filterError.message}
        </div>
      )}
    </div>
  );
}

function Differing(props: { model: CompareModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  const { differing, columns, look } = model;
  return (
    <label
      className="jp-Runlore-check"
      title={trans.__('%1 of %2 columns differ', differing.length, columns.length)}
    >
      <input
        type="checkbox"
        checked={!look.now.all}
        onChange={event => look.set({ all: !event.target.checked })}
      />
      <span>{trans.__('Only what differs')}</span>
    </label>
  );
}

function Grouping(props: { model: CompareModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  const { columns, look } = model;
  const groups = columns.filter(
    column =>
      column.kind === 'params' ||
      column.kind === 'tags' ||
      (column.kind === 'attribute' && GROUPED.has(column.name))
  );
  const { group } = look.now;
  const isKnown = group === BY_SEEDS || groups.some(column => columnId(column) === group);
  return (
    <HTMLSelect
      className="jp-Runlore-select jp-Runlore-compare-by"
      value={isKnown && group !== null ? group : NONE}
      aria-label={trans.__('Group by')}
      title={trans.__('Group by: the head of a group has the means of its runs')}
      onChange={event => {
        const { value } = event.target;
        look.set({ group: value === NONE ? null : value });
      }}
    >
      <option value={NONE}>{trans.__('not grouped')}</option>
      <option value={BY_SEEDS}>{trans.__('by seeds')}</option>
      {groups.map(column => (
        <option key={columnId(column)} value={columnId(column)}>
          {trans.__('by %1', columnLabel(column, null, trans))}
        </option>
      ))}
    </HTMLSelect>
  );
}
