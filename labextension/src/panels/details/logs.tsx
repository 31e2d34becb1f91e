import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IOutputs, ProvenanceClient } from '../../api/provenance';
import { ICell, IRunDetail } from '../../api/types';
import { formatDuration } from '../../charts/format';
import { outcomeWord } from '../marks/marks';
import { EmptyState } from '../marks/states';
import { Capped } from './capped';
import { Loaded } from './loaded';
import { Lack, Output } from './output';

/** Cells whose outputs are fetched before the user asks for more. */
const FIRST = 20;
/** Milliseconds between two looks at a cell that runs. */
const EVERY = 1000;

/**
 * What the run's cells printed, showed and raised.
 */
export function Logs(props: {
  run: IRunDetail;
  provenance: ProvenanceClient;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, provenance, rendermime, trans } = props;
  const [isAll, setAll] = React.useState(false);
  const candidates = run.cells.filter(cell => isAll || cell.of_run);
  const cells = candidates.filter(cell => cell.shows !== false);
  const hasEarlier = run.cells.some(cell => !cell.of_run);
  if (run.cells.length === 0) {
    return (
      <EmptyState
        title={trans.__('No cell recorded')}
        sentence={trans.__('What a script prints goes to its terminal.')}
      />
    );
  }
  return (
    <>
      {hasEarlier && (
        <label className="jp-Runlore-check">
          <input type="checkbox" checked={isAll} onChange={event => setAll(event.target.checked)} />
          {trans.__('Show cells before the run, too')}
        </label>
      )}
      {cells.length === 0 && <EmptyState title={trans.__('Nothing was printed or shown')} />}
      <Capped
        key={String(isAll)}
        items={cells}
        first={FIRST}
        render={shown => (
          <ol className="jp-Runlore-cells">
            {shown.map(cell => (
              <li key={cell.ordinal} className="jp-Runlore-cell" data-of-run={cell.of_run}>
                <LogHead cell={cell} trans={trans} />
                <CellLog {...{ run, cell, provenance, rendermime, trans }} />
              </li>
            ))}
          </ol>
        )}
        trans={trans}
      />
    </>
  );
}

function LogHead(props: { cell: ICell; trans: TranslationBundle }): React.ReactElement {
  const { cell, trans } = props;
  const line = cell.source.trimStart().split('\n')[0] ?? '';
  return (
    <div className="jp-Runlore-cell-facts">
      <span className="jp-Runlore-number">[{cell.ordinal}]</span>
      <span data-outcome={cell.outcome ?? 'running'}>{outcomeWord(cell.outcome, trans)}</span>
      {cell.duration !== null && <span>{formatDuration(cell.duration)}</span>}
      <code className="jp-Runlore-cell-line" title={line}>
        {line}
      </code>
    </div>
  );
}

function CellLog(props: {
  run: IRunDetail;
  cell: ICell;
  provenance: ProvenanceClient;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, cell, provenance, rendermime, trans } = props;
  const [isWhole, setWhole] = React.useState(false);
  const turn = useTurns(cell.outcome === null && run.status === 'running');
  const log = ({ outputs, why }: IOutputs): React.ReactElement => (
    <div className="jp-Runlore-log">
      {why !== null && <Lack>{capital(why)}.</Lack>}
      {outputs.map((output, index) => (
        <Output key={index} {...{ output, rendermime, trans }} onWhole={() => setWhole(true)} />
      ))}
    </div>
  );
  return (
    <Loaded
      load={() => provenance.outputs(run.run_id, cell.ordinal, isWhole)}
      version={`${cell.outcome ?? ''} ${String(cell.shows)} ${String(isWhole)} ${turn}`}
      render={log}
      trans={trans}
    />
  );
}

/** Counts on while something is followed, and the page is looked at. */
function useTurns(isFollowed: boolean): number {
  const [turn, setTurn] = React.useState(0);
  React.useEffect(() => {
    if (!isFollowed) {
      return;
    }
    const timer = setInterval(() => !document.hidden && setTurn(count => count + 1), EVERY);
    return () => clearInterval(timer);
  }, [isFollowed]);
  return turn;
}

/** A sentence that the server began in lower case. */
function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
