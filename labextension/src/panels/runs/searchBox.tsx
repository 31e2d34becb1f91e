import { HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { SearchModel } from '../../model/search';

/** Characters of a filter shown before the one at fault. */
const BEFORE = 24;
const ERROR_ID = 'jp-Runlore-filter-error';

/**
 * The filter, with what is wrong with it below.
 */
export function SearchBox(props: {
  search: SearchModel;
  input: React.RefObject<HTMLInputElement>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { search, input, trans } = props;
  const { error, query } = search;
  const title = trans.__(
    'Words of name, experiment or notebook, or conditions: %1',
    'metrics.loss < 0.1 and params.lr = 0.01 and started > -7d'
  );
  return (
    <div className="jp-Runlore-filter">
      <input
        ref={input}
        className="jp-mod-styled"
        type="search"
        spellCheck={false}
        placeholder={trans.__('Filter: metrics.loss < 0.1')}
        aria-label={trans.__('Filter runs')}
        aria-invalid={error !== null}
        aria-describedby={error ? ERROR_ID : undefined}
        title={title}
        value={query.filter}
        onChange={event => search.set({ filter: event.target.value })}
        onKeyDown={event => event.key === 'Escape' && search.set({ filter: '' })}
      />
      {error && (
        <div id={ERROR_ID} className="jp-Runlore-filter-error" role="status">
          {error.position !== null && <Place text={query.filter} position={error.position} />}
          {error.message}
        </div>
      )}
    </div>
  );
}

/** The filter around the character at fault, which is marked. */
function Place(props: { text: string; position: number }): React.ReactElement {
  const { text, position } = props;
  const start = Math.max(position - BEFORE, 0);
  return (
    <code className="jp-Runlore-filter-place" aria-hidden="true">
      {start > 0 && '…'}
      {text.slice(start, position)}
      <mark>{text[position] ?? '\u00a0'}</mark>
      {text.slice(position + 1)}
    </code>
  );
}

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
  const byMetric = metric === null ? null : quoted(metric);
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

/** The metric as the server's language names it; null where it has no name for it. */
function quoted(metric: string): string | null {
  const quote = ['"', '`'].find(mark => !metric.includes(mark));
  return quote === undefined ? null : `metrics.${quote}${metric}${quote}`;
}
