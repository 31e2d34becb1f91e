import { HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { fieldName } from '../../model/completion';
import { SearchModel } from '../../model/search';

/**
 * The order of the list.
 */
export function OrderSelect(props: {
  search: SearchModel;
  metric: string | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { search, metric, trans } = props;
  const { order } = search.query;
  const byMetric = metric === null ? null : fieldName('metrics', metric);
  const options: [order: string, label: string][] = [
    ['', trans.__('newest')],
    ...(byMetric === null
      ? []
      : [
          [`${byMetric} ASC`, trans.__('%1, least first', metric)] as [string, string],
          [`${byMetric} DESC`, trans.__('%1, greatest first', metric)] as [string, string]
        ]),
    ['duration DESC', trans.__('longest')],
    ['name ASC', trans.__('name')]
  ];
  // The metric may have been another one when the order was chosen.
  const isListed = options.some(([value]) => value === order);
  return (
    <HTMLSelect
      className="jp-Runlore-select jp-Runlore-order"
      value={order}
      onChange={event => search.set({ order: event.target.value })}
      aria-label={trans.__('Order of the runs')}
      title={trans.__('Order of the runs')}
    >
      {options.map(([value, label]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
      {!isListed && <option value={order}>{order}</option>}
    </HTMLSelect>
  );
}
