import { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { IRun } from '../../api/types';
import { Column, columnId } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { columnLabel, columnTitle } from '../runs/cell';
import { FactCell } from './fact';
import { fullTitle, RunName } from './runName';

/** Heights and widths in pixels; the style sheet has the same. */
const ROW_HEIGHT = 28;
const HEAD_HEIGHT = 44;
const NAME_WIDTH = 148;
const RUN_WIDTH = 116;
const JUDGED_WIDTH = 168; // has room for a verdict
const MOST_WIDTH = 200;

/** Rows and columns rendered beyond those in view. */
const OVERSCAN = 4;

/**
 * The runs side by side, a column each, over their parameters and metrics; only the cells in view are there. What
 * differs is marked where not all that is shown does.
 */
export function TableTab(props: {
  model: CompareModel;
  /** Unix seconds. */
  now: number;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, now, onOpen, trans } = props;
  const { shown, sorted, differing } = model;
  const scroll = React.useRef<HTMLDivElement>(null);
  const scrolling = {
    getScrollElement: () => scroll.current,
    overscan: OVERSCAN,
    initialRect: { width: 800, height: 600 },
    useFlushSync: false
  };
  const rows = useVirtualizer<HTMLDivElement, Element>({
    ...scrolling,
    count: shown.length,
    estimateSize: () => ROW_HEIGHT,
    paddingStart: HEAD_HEIGHT
  });
  const room = Math.floor(((rows.scrollRect?.width ?? 0) - NAME_WIDTH) / sorted.length);
  const least = sorted.some(run => run.verdict) ? JUDGED_WIDTH : RUN_WIDTH;
  const width = Math.min(Math.max(room, least), MOST_WIDTH);
  const runs = useVirtualizer<HTMLDivElement, Element>({
    ...scrolling,
    count: sorted.length,
    horizontal: true,
    estimateSize: () => width,
    paddingStart: NAME_WIDTH,
    scrollPaddingStart: NAME_WIDTH
  });
  React.useLayoutEffect(() => runs.measure(), [runs, width]);
  const inView = runs.getVirtualItems();
  const different = new Set(differing);
  return (
    <div
      className="jp-Runlore-table"
      ref={scroll}
      role="table"
      tabIndex={0}
      aria-label={trans.__('Parameters and metrics of the runs')}
      aria-rowcount={shown.length + 1}
      aria-colcount={sorted.length + 1}
    >
      <div
        className="jp-Runlore-table-body"
        role="presentation"
        style={{ height: rows.getTotalSize(), width: runs.getTotalSize() }}
      >
        <Heads {...{ model, inView, onOpen, trans }} goTo={index => runs.scrollToIndex(index)} />
        {rows.getVirtualItems().map(({ index, start: top }) => {
          const column = shown[index];
          if (!column) {
            return null;
          }
          const differs = different.has(column);
          const title = columnTitle(column, null, trans);
          return (
            <div
              key={columnId(column)}
              className="jp-Runlore-table-row"
              role="row"
              aria-rowindex={index + 2}
              data-differs={differs && model.look.now.all}
              style={{ transform: `translateY(${top}px)` }}
            >
              <span
                className="jp-Runlore-table-name"
                role="rowheader"
                aria-colindex={1}
                title={differs ? `${title}\n${trans.__('The runs differ in it')}` : title}
              >
                <span>{columnLabel(column, null, trans)}</span>
                {differs && model.look.now.all && (
                  <span role="img" aria-label={trans.__('The runs differ in it')}>
                    ≠
                  </span>
                )}
              </span>
              {inView.map(({ index: at, start: left, size }) => {
                const run = sorted[at];
                return (
                  run && (
                    <Cell
                      key={run.run_id}
                      isFaint={!model.selection.stands(run.run_id)}
                      {...{ run, column, at, left, now, trans }}
                      width={size}
                    />
                  )
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Rendered once, however far the table is scrolled. */
const Cell = React.memo(function Cell(props: {
  run: IRun;
  column: Column;
  /** The how-many-th run, from 0, and where its column begins, in pixels. */
  at: number;
  left: number;
  width: number;
  /** Whether others are selected. */
  isFaint: boolean;
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, column, at, left, width, isFaint, now, trans } = props;
  return (
    <span
      className="jp-Runlore-table-cell"
      role="cell"
      aria-colindex={at + 2}
      data-is-faint={isFaint}
      style={{ left, width }}
    >
      <FactCell {...{ run, column, now, trans }} />
    </span>
  );
});

/** The names of the runs: a click selects one, Enter and a double click open it; arrows move along them. */
function Heads(props: {
  model: CompareModel;
  inView: readonly { index: number; start: number; size: number }[];
  goTo: (index: number) => void;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, inView, goTo, onOpen, trans } = props;
  const { sorted, selection } = model;
  const row = React.useRef<HTMLDivElement>(null);
  const [current, setCurrent] = React.useState(0);
  const [goal, setGoal] = React.useState<number | null>(null);
  React.useEffect(() => {
    // A head has the focus as soon as it is there.
    const head = goal !== null && row.current?.querySelector<HTMLElement>(`[data-at="${goal}"]`);
    if (head) {
      head.focus({ preventScroll: true });
      setGoal(null);
    }
  }, [goal, inView]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const moves: Record<string, number> = {
      ArrowRight: current + 1,
      ArrowLeft: current - 1,
      Home: 0,
      End: sorted.length - 1
    };
    const to = moves[event.key];
    const runId = sorted[current]?.run_id;
    if (to !== undefined) {
      const index = Math.min(Math.max(to, 0), sorted.length - 1);
      setCurrent(index);
      setGoal(index);
      goTo(index);
    } else if (event.key === 'Enter' && runId !== undefined) {
      onOpen(runId);
    } else {
      return;
    }
    event.preventDefault();
  };
  // Tab enters where the keyboard was, or at the first run in view.
  const entry = inView.some(({ index }) => index === current) ? current : inView[0]?.index;
  return (
    <div
      className="jp-Runlore-table-heads"
      role="row"
      aria-rowindex={1}
      ref={row}
      onKeyDown={onKeyDown}
    >
      <span className="jp-Runlore-table-name" role="columnheader" aria-colindex={1}>
        {trans.__('name')}
      </span>
      {inView.map(({ index, start: left, size: width }) => {
        const run = sorted[index];
        return (
          run && (
            <span
              key={run.run_id}
              className="jp-Runlore-table-head"
              role="columnheader"
              aria-colindex={index + 2}
              style={{ left, width }}
            >
              <button
                data-at={index}
                data-runlore-column={run.run_id}
                tabIndex={index === entry ? 0 : -1}
                aria-pressed={selection.has(run.run_id)}
                aria-label={fullTitle(model, run, trans)}
                onFocus={() => setCurrent(index)}
                onClick={() => selection.toggle(run.run_id)}
                onDoubleClick={() => onOpen(run.run_id)}
              >
                <RunName {...{ model, run, trans }} />
              </button>
            </span>
          )
        );
      })}
    </div>
  );
}
