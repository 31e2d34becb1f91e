import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';
import * as React from 'react';

import { INotebookCell, joinedText, notebookCells } from '../../model/preview';
import { EmptyState } from '../marks/states';
import { Capped } from './capped';
import { textOf } from './previews';
import { Rendered } from './rendered';
import { Highlighter, Source } from './source';

/** Cells rendered before the user asks for more. */
const FIRST = 40;

/** The cells of a notebook, as one that nobody trusts. */
export function NotebookPreview(props: {
  content: ArrayBuffer;
  rendermime: IRenderMimeRegistry | null;
  highlight: Highlighter | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { content, rendermime, highlight, trans } = props;
  const cells = React.useMemo(() => notebookCells(textOf(content)), [content]);
  if (cells === null) {
    return <EmptyState title={trans.__('The file is no notebook')} />;
  }
  return (
    <Capped
      items={cells}
      first={FIRST}
      render={shown => (
        <div className="jp-Runlore-notebook">
          {shown.map((cell, index) => (
            <Cell key={index} {...{ cell, rendermime, highlight }} />
          ))}
        </div>
      )}
      trans={trans}
    />
  );
}

function Cell(props: {
  cell: INotebookCell;
  rendermime: IRenderMimeRegistry | null;
  highlight: Highlighter | null;
}): React.ReactElement {
  const { cell, rendermime, highlight } = props;
  if (cell.type === 'markdown') {
    return <Rendered rendermime={rendermime} data={{ 'text/markdown': cell.source }} />;
  }
  return (
    <div className="jp-Runlore-notebook-code">
      <span className="jp-Runlore-number jp-Runlore-faint">
        {cell.type === 'code' ? `[${cell.count ?? ' '}]` : ''}
      </span>
      <div>
        <Source code={cell.source} highlight={cell.type === 'code' ? highlight : null} />
        {cell.outputs.map((output, index) => (
          <Rendered key={index} rendermime={rendermime} data={bundleOf(output)} />
        ))}
      </div>
    </div>
  );
}

/** An output of a notebook file as a bundle of MIME data. */
function bundleOf(output: Record<string, unknown>): PartialJSONObject {
  const { output_type: kind, name, data, traceback } = output;
  if (kind === 'stream') {
    const mime = `application/vnd.jupyter.${name === 'stderr' ? 'stderr' : 'stdout'}`;
    return { [mime]: joinedText(output.text) };
  }
  if (kind === 'error') {
    const lines: unknown[] = Array.isArray(traceback) ? traceback : [];
    return { 'application/vnd.jupyter.stderr': lines.join('\n') };
  }
  const found = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  return Object.fromEntries(
    found.map(([mime, value]) => [
      mime,
      Array.isArray(value) ? joinedText(value) : (value as PartialJSONValue)
    ])
  );
}
