import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ITableHead, ProvenanceClient } from '../../api/provenance';
import { IArtifact, IRunDetail } from '../../api/types';
import { Loaded } from './loaded';
import { Lack } from './output';

const FIRST = 100;
const MOST = 1000;

/** The first rows of a table. */
export function TablePreview(props: {
  run: IRunDetail;
  artifact: IArtifact;
  provenance: ProvenanceClient;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, artifact, provenance, trans } = props;
  const [count, setCount] = React.useState(FIRST);
  return (
    <Loaded
      load={() => provenance.table(run.run_id, artifact.path, count)}
      version={String(count)}
      render={table => (
        <Rows {...{ table, artifact, trans }} onMore={count < MOST ? () => setCount(MOST) : null} />
      )}
      trans={trans}
    />
  );
}

function Rows(props: {
  table: ITableHead;
  artifact: IArtifact;
  onMore: (() => void) | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { table, artifact, onMore, trans } = props;
  const { columns, rows, more, total } = table;
  return (
    <>
      <div className="jp-Runlore-rows" tabIndex={0} role="region" aria-label={artifact.path}>
        <table className="jp-Runlore-table" aria-label={artifact.path}>
          <thead>
            <tr>
              {columns.map((column, index) => (
                <th key={index} scope="col" title={column}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {row.map((value, column) => (
                  <td key={column} title={value ?? undefined}>
                    {value}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Lack>
        {total !== null && !more && trans._n('%1 row', '%1 rows', total)}
        {more &&
          (total === null
            ? trans.__('The first %1 rows', rows.length)
            : trans.__('The first %1 of %2 rows', rows.length, total))}
        {table.left_out > 0 && ` · ${trans.__('%1 more columns', table.left_out)}`}
        {more && onMore && (
          <button className="jp-Runlore-link" onClick={onMore}>
            {trans.__('Show more')}
          </button>
        )}
      </Lack>
    </>
  );
}
