import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ILine, lineTitle } from './traces';

/** Milliseconds in which a second click may come. */
const TWICE = 220;

/**
 * The name of a line beside its end. A click hides the line, a double click all others.
 */
export function LineLabel(props: {
  line: ILine;
  top: number;
  /** Pixels for the name. */
  room: number;
  onHide: ((runId: string, others: boolean) => void) | undefined;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, top, room, onHide, trans } = props;
  const hint = trans.__('Click hides the line, double click all others');
  const waiting = React.useRef<ReturnType<typeof setTimeout>>();
  // The label goes with its line, so a first click waits for a second one; a key does not.
  const onClick = (event: React.MouseEvent): void => {
    const { runId } = line.curve;
    clearTimeout(waiting.current);
    if (event.detail === 1 && !event.shiftKey) {
      waiting.current = setTimeout(() => onHide?.(runId, false), TWICE);
    } else {
      onHide?.(runId, event.detail > 1 || event.shiftKey);
    }
  };
  const content = (
    <>
      <span className="jp-Runlore-chart-name">{line.name}</span>
      {line.mark && <span className="jp-Runlore-chart-mark">{line.mark}</span>}
    </>
  );
  const shared = {
    className: 'jp-Runlore-chart-label',
    'data-color': line.style.color,
    style: { top, width: room }
  };
  return onHide ? (
    <button {...shared} title={`${lineTitle(line)}\n${hint}`} onClick={onClick}>
      {content}
    </button>
  ) : (
    <span {...shared} title={lineTitle(line)}>
      {content}
    </span>
  );
}
