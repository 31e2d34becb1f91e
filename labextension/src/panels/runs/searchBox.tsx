import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { SearchModel } from '../../model/search';
import { FilterInput } from './filterInput';
import { SavedButton } from './saved';

/** Characters of a filter shown before the one at fault. */
const BEFORE = 24;
const ERROR_ID = 'jp-Runlore-filter-error';

/**
 * The filter, with what is wrong with it below.
 */
export function SearchBox(props: {
  search: SearchModel;
  /** What names are completed from. */
  runs: readonly IRun[];
  /** How many runs are hidden until they are restored. */
  deleted: number;
  input: React.RefObject<HTMLInputElement>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { search, runs, deleted, input, trans } = props;
  const { error, query } = search;
  return (
    <div className="jp-Runlore-filter">
      <FilterInput
        value={query.filter}
        onChange={filter => search.set({ filter })}
        error={error && ERROR_ID}
        {...{ runs, input, trans }}
      />
      <SavedButton {...{ search, deleted, trans }} />
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
