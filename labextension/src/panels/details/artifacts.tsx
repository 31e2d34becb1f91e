import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IArtifact } from '../../api/types';
import { formatSize } from '../../charts/format';
import { EmptyState } from '../marks/states';

/**
 * The files that the run left.
 */
export function Artifacts(props: {
  artifacts: readonly IArtifact[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { artifacts, trans } = props;
  if (artifacts.length === 0) {
    return (
      <EmptyState
        title={trans.__('No artifacts')}
        sentence={trans.__(
          'Keep a file with runlore.log_artifact, a figure with runlore.log_figure.'
        )}
      />
    );
  }
  return (
    <table className="jp-Runlore-table" aria-label={trans.__('Artifacts')}>
      <thead>
        <tr>
          <th scope="col">{trans.__('file')}</th>
          <th scope="col">{trans.__('size')}</th>
          <th scope="col">{trans.__('type')}</th>
          <th scope="col">{trans.__('digest')}</th>
        </tr>
      </thead>
      <tbody>
        {artifacts.map(artifact => (
          <tr key={artifact.path}>
            <th scope="row">{artifact.path}</th>
            <td title={trans.__('%1 bytes', artifact.size)}>{formatSize(artifact.size)}</td>
            <td>{artifact.media_type}</td>
            <td>
              <code title={artifact.digest}>{artifact.digest.slice(0, 12)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
