import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IDifference } from '../../../api/comparison';
import { IPairDiff } from '../../../model/diff';
import { jsonText, Part } from '../../details/table';
import { runTitle } from '../../marks/name';

/** Digits of a hash that are shown; all of them stand in its tooltip. */
const SHORT = 12;

/**
 * What differs, by name, in both runs; nothing at all where nothing does.
 */
export function DifferenceTable(props: {
  differences: readonly IDifference[];
  label: string;
  found: IPairDiff;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { differences, label, found, trans } = props;
  if (differences.length === 0) {
    return null;
  }
  return (
    <Part title={label}>
      <table className="jp-Runlore-table jp-Runlore-diff-table" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{trans.__('name')}</th>
            <th scope="col">{runTitle(found.a, trans)}</th>
            <th scope="col">{runTitle(found.b, trans)}</th>
          </tr>
        </thead>
        <tbody>
          {differences.map(({ name, a, b }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td data-side="a">
                <Value value={a} trans={trans} />
              </td>
              <td data-side="b">
                <Value value={b} trans={trans} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

function Value(props: { value: unknown; trans: TranslationBundle }): React.ReactElement {
  const { value, trans } = props;
  if (value === null || value === undefined) {
    return <span className="jp-Runlore-faint">{trans.__('none')}</span>;
  }
  const text = jsonText(value);
  return /^[0-9a-f]{40,64}$/.test(text) ? (
    <code title={text}>{text.slice(0, SHORT)}</code>
  ) : (
    <code>{text}</code>
  );
}
