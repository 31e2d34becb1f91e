import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRunFile, IRunFiles, ProvenanceClient } from '../../api/provenance';
import { IRunDetail } from '../../api/types';
import { formatSize } from '../../charts/format';
import { Capped } from './capped';
import { Loaded } from './loaded';
import { Lack } from './output';
import { Part } from './table';

/** Rows shown before the user asks for more. */
const FIRST = 50;

/**
 * The files that the run and the cells before it read and wrote.
 */
export function Files(props: {
  run: IRunDetail;
  provenance: ProvenanceClient;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, provenance, trans } = props;
  const part = (title: string, files: readonly IRunFile[], none: string): React.ReactElement => (
    <Part title={files.length > 0 ? `${title} (${files.length})` : title}>
      {files.length === 0 ? (
        <p>{none}</p>
      ) : (
        <Capped
          items={files}
          first={FIRST}
          render={shown => <FileTable {...{ files: shown, title, trans }} />}
          trans={trans}
        />
      )}
    </Part>
  );
  const both = ({ files, left_out: more }: IRunFiles): React.ReactElement => (
    <>
      {part(
        trans.__('Files read'),
        files.filter(file => file.use !== 'wrote'),
        trans.__('No file was seen to be read.')
      )}
      {part(
        trans.__('Files written'),
        files.filter(file => file.use === 'wrote'),
        trans.__('No file was seen to be written.')
      )}
      {more > 0 && <Lack>{trans._n('%1 more file', '%1 more files', more)}</Lack>}
    </>
  );
  return (
    <Loaded
      load={() => provenance.files(run.run_id)}
      version={run.status}
      render={both}
      trans={trans}
    />
  );
}

function FileTable(props: {
  files: readonly IRunFile[];
  title: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { files, title, trans } = props;
  return (
    <table className="jp-Runlore-table jp-Runlore-files" aria-label={title}>
      <thead>
        <tr>
          <th scope="col">{trans.__('file')}</th>
          <th scope="col">{trans.__('size')}</th>
          <th scope="col">{trans.__('BLAKE3')}</th>
          <th scope="col">{trans.__('by')}</th>
        </tr>
      </thead>
      <tbody>
        {files.map((file, index) => (
          <tr key={index} data-unneeded={!file.needed}>
            <th scope="row" title={file.path}>
              <bdi>{file.path}</bdi>
              {file.why !== null && <div className="jp-Runlore-faint">{file.why}</div>}
            </th>
            <td className="jp-Runlore-number">
              {file.size === null ? '–' : formatSize(file.size)}
            </td>
            <td>
              {file.digest === null ? (
                trans.__('not hashed')
              ) : (
                <code title={identities(file)}>{file.digest.slice(0, 12)}</code>
              )}
            </td>
            <td>{by(file, trans)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function identities(file: IRunFile): string {
  const others = Object.entries(file.version).map(([name, value]) => `${name}: ${value}`);
  return [file.digest, ...others].join('\n');
}

function by(file: IRunFile, trans: TranslationBundle): string {
  if (file.cell === null) {
    return trans.__('the script');
  }
  const cell = file.of_run
    ? trans.__('cell %1, this run', file.cell)
    : file.needed
      ? trans.__('cell %1', file.cell)
      : trans.__('cell %1, not needed', file.cell);
  return file.use === 'code' ? trans.__('a process of %1', cell) : cell;
}
