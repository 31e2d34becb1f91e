import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ICellDifference } from '../../../api/comparison';
import { IPairDiff } from '../../../model/diff';
import { MergedSource } from './mergedSource';

/** Cells that stand together: one that differs, or equal ones in a row. */
interface IBlock {
  isSame: boolean;
  cells: ICellDifference[];
}

/**
 * The cells of two runs opposite each other; equal ones are folded.
 */
export function CodeDiff(props: {
  found: IPairDiff;
  languages: IEditorLanguageRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { found, languages, trans } = props;
  const blocks = React.useMemo(() => inBlocks(found.diff.cells), [found]);
  const sources = React.useMemo(
    () =>
      [found.a, found.b].map(run => new Map(run.cells.map(cell => [cell.ordinal, cell.source]))),
    [found]
  );
  const source = (side: 0 | 1, ordinal: number | null): string | null =>
    ordinal === null ? null : (sources[side]?.get(ordinal) ?? '');
  const show = (cell: ICellDifference): React.ReactElement => (
    <li
      key={`${cell.a ?? ''}:${cell.b ?? ''}`}
      className="jp-Runlore-diff-cell"
      data-status={cell.status}
    >
      <div className="jp-Runlore-diff-cell-facts">
        <span className="jp-Runlore-number">{cell.a === null ? '' : `[${cell.a}]`}</span>
        <span>
          {cellWord(cell, trans)}
          {cell.of_run && <b> {trans.__('tracked')}</b>}
        </span>
        <span className="jp-Runlore-number">{cell.b === null ? '' : `[${cell.b}]`}</span>
      </div>
      <MergedSource
        a={source(0, cell.a)}
        b={source(1, cell.b)}
        languages={languages}
        trans={trans}
      />
    </li>
  );
  return (
    <ol className="jp-Runlore-diff-cells">
      {blocks.map(block =>
        block.isSame ? (
          <li key={`same:${block.cells[0]?.a ?? ''}`}>
            <details className="jp-Runlore-diff-same">
              <summary>
                {trans._n('%1 cell is the same', '%1 cells are the same', block.cells.length)}
              </summary>
              <ol className="jp-Runlore-diff-cells">{block.cells.map(show)}</ol>
            </details>
          </li>
        ) : (
          block.cells.map(show)
        )
      )}
    </ol>
  );
}

function cellWord(cell: ICellDifference, trans: TranslationBundle): string {
  return {
    same: trans.__('the same'),
    changed: trans.__('edited'),
    'only a': trans.__('only in the first run'),
    'only b': trans.__('only in the second run')
  }[cell.status];
}

function inBlocks(cells: readonly ICellDifference[]): IBlock[] {
  const blocks: IBlock[] = [];
  for (const cell of cells) {
    const isSame = cell.status === 'same';
    const last = blocks.at(-1);
    if (last && isSame && last.isSame) {
      last.cells.push(cell);
    } else {
      blocks.push({ isSame, cells: [cell] });
    }
  }
  return blocks;
}
