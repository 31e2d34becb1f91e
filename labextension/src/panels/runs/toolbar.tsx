import { HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { fieldName } from '../../model/completion';
import { SearchModel } from '../../model/search';
import { columnsIcon } from '../marks/icons';
import { OrderSelect } from './order';

/**
 * How many runs there are, in which order and groups, with which columns.
 */
export function ListToolbar(props: {
  search: SearchModel;
  /** What parameters are known by. */
  runs: readonly IRun[];
  metric: string | null;
  onColumns: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { search, runs, metric, onColumns, trans } = props;
  return (
    <div className="jp-Runlore-listHeader">
      <span className="jp-Runlore-count" aria-live="polite">
        {trans._n('%1 run', '%1 runs', search.total)}
      </span>
      <OrderSelect {...{ search, metric, trans }} />
      <GroupSelect {...{ search, runs, trans }} />
      <button
        className="jp-Runlore-iconButton"
        title={trans.__('Columns')}
        aria-label={trans.__('Columns')}
        aria-haspopup="dialog"
        onClick={onColumns}
      >
        <columnsIcon.react tag="span" />
      </button>
    </div>
  );
}

function GroupSelect(props: {
  search: SearchModel;
  runs: readonly IRun[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { search, runs, trans } = props;
  const { group } = search.query;
  const params = [...new Set(runs.flatMap(run => Object.keys(run.params)))].sort();
  const options: [field: string, label: string][] = [
    ['', trans.__('no groups')],
    ['experiment', trans.__('by experiment')],
    ['notebook', trans.__('by notebook')],
    ['rerun_of', trans.__('with reruns')],
    ['sweep', trans.__('by sweep')],
    ...(runs.some(run => run.devices.length > 0)
      ? [['gpu', trans.__('by GPU')] as [string, string]]
      : []),
    ...params.map(name => [fieldName('params', name), name] as [string, string])
  ];
  const isListed = options.some(([field]) => field === group);
  return (
    <HTMLSelect
      className="jp-Runlore-select jp-Runlore-order"
      value={group}
      onChange={event => search.set({ group: event.target.value })}
      aria-label={trans.__('Groups of the runs')}
      title={trans.__('Groups of the runs')}
    >
      {options.map(([field, label]) => (
        <option key={field} value={field}>
          {label}
        </option>
      ))}
      {!isListed && <option value={group}>{group}</option>}
    </HTMLSelect>
  );
}
