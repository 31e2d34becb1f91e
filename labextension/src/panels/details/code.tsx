import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ICell, IRunDetail } from '../../api/types';
import { formatDuration } from '../../charts/format';
import { EmptyState } from '../marks/states';
import { outcomeWord } from '../marks/marks';

/**
 * Puts highlighted code into an empty element, as text only.
 */
export type Highlighter = (code: string, node: HTMLElement) => Promise<void>;

/**
 * The cells up to the end of the run, as they were executed.
 */
export function Code(props: {
  run: IRunDetail;
  highlight: Highlighter | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, highlight, trans } = props;
  const [isOwnOnly, setOwnOnly] = React.useState(false);
  const cells = run.cells.filter(cell => cell.of_run || !isOwnOnly);
  if (run.cells.length === 0) {
    return <EmptyState title={trans.__('No cell recorded')} />;
  }
  return (
    <>
      <label className="jp-Runlore-check">
        <input
          type="checkbox"
          checked={isOwnOnly}
          onChange={event => setOwnOnly(event.target.checked)}
        />
        {trans.__("Only this run's cells")}
      </label>
      <ol className="jp-Runlore-cells">
        {cells.map(cell => (
          <li
            key={cell.ordinal}
            className="jp-Runlore-cell"
            data-outcome={cell.outcome ?? 'running'}
            data-of-run={cell.of_run}
          >
            <CellFacts cell={cell} trans={trans} />
            <Source code={cell.source} highlight={highlight} />
          </li>
        ))}
      </ol>
    </>
  );
}

function CellFacts(props: { cell: ICell; trans: TranslationBundle }): React.ReactElement {
  const { cell, trans } = props;
  return (
    <div className="jp-Runlore-cell-facts">
      <span className="jp-Runlore-number">[{cell.ordinal}]</span>
      <span data-outcome={cell.outcome ?? 'running'}>{outcomeWord(cell.outcome, trans)}</span>
      {cell.duration !== null && <span>{formatDuration(cell.duration)}</span>}
      {cell.of_run && <b>{trans.__('this run')}</b>}
    </div>
  );
}

/** Source code that cannot execute and is no markup. */
export function Source(props: { code: string; highlight: Highlighter | null }): React.ReactElement {
  const { code, highlight } = props;
  const node = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    const pre = node.current;
    if (!pre) {
      return;
    }
    const plain = document.createTextNode(code);
    pre.replaceChildren(plain);
    if (highlight) {
      const colored = document.createElement('span');
      highlight(code, colored).then(
        () => plain.parentNode === pre && pre.replaceChildren(colored),
        () => undefined // the plain text is there already
      );
    }
  }, [code, highlight]);
  return <pre className="jp-Runlore-source" ref={node} tabIndex={0} />;
}
