import { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { CompareModel } from '../../model/compare';
import { GridHeads } from './gridHeads';
import { useGridKeys } from './gridKeys';
import { GridRow } from './gridRow';
import { useHovered } from './hovered';

/** Heights and widths in pixels; the style sheet has the same. */
const ROW_HEIGHT = 28;
const HEAD_HEIGHT = 28;
export const NAME_WIDTH = 196;
export const COLUMN_WIDTH = 104;

/** Rows and columns rendered beyond those in view. */
const OVERSCAN = 4;
/** Before it is measured. */
const FIRST_RECT = { width: 500, height: 600 };

/**
 * A column in view: the how-many-th, from 0, and its left edge in pixels.
 */
export interface IColumnPlace {
  index: number;
  left: number;
}

/**
 * The compared runs, a row each, of which only the cells in view are there.
 */
export function CompareGrid(props: {
  model: CompareModel;
  /** Unix seconds. */
  now: number;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, now, onOpen, trans } = props;
  const { sorted, shown, selection } = model;
  const scroll = React.useRef<HTMLDivElement>(null);
  const [currentId, setCurrentId] = React.useState<string | null>(null);
  const current = Math.max(
    sorted.findIndex(run => run.run_id === currentId),
    0
  );
  const common = {
    getScrollElement: () => scroll.current,
    overscan: OVERSCAN,
    initialRect: FIRST_RECT,
    useFlushSync: false
  };
  const rows = useVirtualizer<HTMLDivElement, Element>({
    ...common,
    count: sorted.length,
    estimateSize: () => ROW_HEIGHT,
    paddingStart: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT
  });
  const columns = useVirtualizer<HTMLDivElement, Element>({
    ...common,
    count: shown.length,
    horizontal: true,
    estimateSize: () => COLUMN_WIDTH,
    paddingStart: NAME_WIDTH
  });
  const hovered = useHovered(selection);
  const goTo = (index: number): void => {
    setCurrentId(sorted[index]?.run_id ?? null);
    rows.scrollToIndex(index);
    // The row is there after the next frame, wherever it was.
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        scroll.current
          ?.querySelector<HTMLElement>(`[aria-rowindex="${index + 2}"]`)
          ?.focus({ preventScroll: true })
      )
    );
  };
  const keys = useGridKeys({
    runs: sorted,
    selection,
    current,
    page: Math.max(Math.floor((rows.scrollRect?.height ?? 0) / ROW_HEIGHT) - 1, 1),
    goTo,
    onOpen
  });
  const inView: IColumnPlace[] = columns
    .getVirtualItems()
    .map(({ index, start: left }) => ({ index, left }));
  return (
    <div
      className="jp-Runlore-compare-scroll"
      ref={scroll}
      role="grid"
      aria-multiselectable="true"
      aria-label={trans.__('Compared runs')}
      aria-rowcount={sorted.length + 1}
      aria-colcount={shown.length + 1}
      onKeyDown={keys.onKeyDown}
      onPointerLeave={() => selection.hover(null)}
    >
      <div
        className="jp-Runlore-compare-grid"
        role="presentation"
        data-is-scrolled={(columns.scrollOffset ?? 0) > 0}
        style={{ height: rows.getTotalSize(), width: columns.getTotalSize() }}
      >
        <GridHeads {...{ model, inView, trans }} />
        {rows.getVirtualItems().map(({ index, start: top }) => {
          const run = sorted[index];
          return (
            run && (
              <GridRow
                key={run.run_id}
                columns={shown}
                style={model.styles.get(run.run_id)}
                isSelected={selection.has(run.run_id)}
                isHovered={hovered === run.run_id}
                isFaint={!selection.stands(run.run_id)}
                isCurrent={index === current}
                onFocus={setCurrentId}
                onClick={keys.onClick}
                onHover={runId => selection.hover(runId)}
                {...{ run, index, top, inView, now, onOpen, trans }}
              />
            )
          );
        })}
      </div>
    </div>
  );
}
