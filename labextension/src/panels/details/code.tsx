import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CellFate, ICode, ICellMark, ProvenanceClient } from '../../api/provenance';
import { ICell, IRunDetail } from '../../api/types';
import { formatDuration } from '../../charts/format';
import { outcomeWord } from '../marks/marks';
import { EmptyState } from '../marks/states';
import { Capped } from './capped';
import { CopyButton } from './copy';
import { Loaded } from './loaded';
import { Lack } from './output';
import { Highlighter, Source } from './source';

/** Cells shown before the user asks for more. */
const FIRST = 50;

type Choice = 'all' | 'needed' | 'own';

/**
 * The cells up to the end of the run, as they were executed; marked are those that the run needs, and those that the
 * notebook no longer says so.
 */
export function Code(props: {
  run: IRunDetail;
  provenance: ProvenanceClient;
  highlight: Highlighter | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, provenance, highlight, trans } = props;
  if (run.cells.length === 0) {
    return <EmptyState title={trans.__('No cell recorded')} />;
  }
  return (
    <Loaded
      load={() => provenance.code(run.run_id).catch(unmarked)}
      version={`${run.cells.length} ${run.status}`}
      render={code => <Cells {...{ run, code, highlight, trans }} />}
      trans={trans}
    />
  );
}

/** The cells are there, whatever keeps their marks away. */
function unmarked(error: Error): ICode {
  const { message: why } = error;
  return { cells: [], slice_unknown: why, notebook: null, notebook_unknown: why };
}

function Cells(props: {
  run: IRunDetail;
  code: ICode;
  highlight: Highlighter | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, code, highlight, trans } = props;
  const [choice, setChoice] = React.useState<Choice>('all');
  const marks = new Map(code.cells.map(mark => [mark.ordinal, mark]));
  const isNeeded = (cell: ICell): boolean => whyNeeded(marks.get(cell.ordinal)) !== null;
  const finds: Record<Choice, (cell: ICell) => boolean> = {
    all: () => true,
    needed: isNeeded,
    own: cell => cell.of_run
  };
  const shown = run.cells.filter(finds[choice]);
  const knowsSlice = code.slice_unknown === null;
  const words: Record<Choice, string> = {
    all: trans.__('All that were executed (%1)', run.cells.length),
    needed: trans.__('What the run needs (%1)', run.cells.filter(isNeeded).length),
    own: trans.__("This run's own (%1)", run.cells.filter(cell => cell.of_run).length)
  };
  const choices: readonly Choice[] = knowsSlice ? ['all', 'needed', 'own'] : ['all', 'own'];
  return (
    <>
      <div className="jp-Runlore-toolRow">
        <label>
          {trans.__('Cells')}
          <select
            className="jp-mod-styled"
            value={choice}
            onChange={event => setChoice(event.target.value as Choice)}
          >
            {choices.map(one => (
              <option key={one} value={one}>
                {words[one]}
              </option>
            ))}
          </select>
        </label>
        <CopyButton
          text={() => shown.map(cell => cell.source).join('\n\n')}
          label={trans.__('Copy these cells')}
          trans={trans}
        />
      </div>
      {code.slice_unknown !== null && <Lack>{code.slice_unknown}</Lack>}
      {code.notebook_unknown !== null && (
        <Lack>
          {trans.__('Whether cells were changed since is not known: %1.', code.notebook_unknown)}
        </Lack>
      )}
      <Capped
        key={choice}
        items={shown}
        first={FIRST}
        render={cells => (
          <ol className="jp-Runlore-cells">
            {cells.map(cell => (
              <li
                key={cell.ordinal}
                className="jp-Runlore-cell"
                data-outcome={cell.outcome ?? 'running'}
                data-of-run={cell.of_run}
                data-unneeded={knowsSlice && !isNeeded(cell)}
              >
                <CellFacts {...{ cell, trans, knowsSlice }} mark={marks.get(cell.ordinal)} />
                <Source code={cell.source} highlight={highlight} />
              </li>
            ))}
          </ol>
        )}
        trans={trans}
      />
    </>
  );
}

function whyNeeded(mark: ICellMark | undefined): string | null {
  return mark?.needed ?? null;
}

function CellFacts(props: {
  cell: ICell;
  mark: ICellMark | undefined;
  knowsSlice: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { cell, mark, knowsSlice, trans } = props;
  const fates: Partial<Record<CellFate, string>> = {
    edited: trans.__('edited since'),
    deleted: trans.__('deleted since')
  };
  const needed = whyNeeded(mark);
  const fate = mark?.now ? fates[mark.now] : undefined;
  return (
    <div className="jp-Runlore-cell-facts">
      <span className="jp-Runlore-number">[{cell.ordinal}]</span>
      <span data-outcome={cell.outcome ?? 'running'}>{outcomeWord(cell.outcome, trans)}</span>
      {cell.duration !== null && <span>{formatDuration(cell.duration)}</span>}
      {cell.of_run && <b>{trans.__('tracked')}</b>}
      {!cell.of_run && needed !== null && (
        <span title={needed}>{trans.__('needed: %1', needed)}</span>
      )}
      {knowsSlice && needed === null && <i>{trans.__('not needed')}</i>}
      {fate !== undefined && <span data-fate={mark?.now}>{fate}</span>}
      <CopyButton text={() => cell.source} label={trans.__('Copy')} trans={trans} />
    </div>
  );
}
