import { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer, VirtualItem } from '@tanstack/react-virtual';
import * as React from 'react';

import { Column } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { GridGroup } from './gridGroup';
import { GridHeads } from './gridHeads';
import { useGridKeys } from './gridKeys';
import { GridRow } from './gridRow';
import { useHovered } from './hovered';

/** Heights and widths in pixels; the style sheet has the same. */
const ROW_HEIGHT = 28;
const HEAD_HEIGHT = 28;
const NAME_WIDTH = 228;
const NUMBER_WIDTH = 92;
const WORD_WIDTH = 104;
const VERDICT_WIDTH = 172;

/** Rows and columns rendered beyond those in view. */
const OVERSCAN = 4;
/** Before it is measured. */
const FIRST_RECT = { width: 500, height: 600 };

/**
 * A column in view: the how-many-th, from 0, its left edge and its width in pixels.
 */
export interface IColumnPlace {
  index: number;
  left: number;
  width: number;
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
  const { rows: listed, shown, selection } = model;
  const scroll = React.useRef<HTMLDivElement>(null);
  const [currentKey, setCurrentKey] = React.useState<string | null>(null);
  const current = Math.max(
    listed.findIndex(row => row.key === currentKey),
    0
  );
  const scrolling = {
    getScrollElement: () => scroll.current,
    overscan: OVERSCAN,
    initialRect: FIRST_RECT,
    useFlushSync: false
  };
  const rows = useVirtualizer<HTMLDivElement, Element>({
    ...scrolling,
    count: listed.length,
    estimateSize: () => ROW_HEIGHT,
    paddingStart: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT
  });
  const columns = useVirtualizer<HTMLDivElement, Element>({
    ...scrolling,
    count: shown.length,
    horizontal: true,
    estimateSize: index => columnWidth(shown[index]),
    paddingStart: NAME_WIDTH
  });
  const widths = shown.map(columnWidth).join();
  React.useLayoutEffect(() => columns.measure(), [columns, widths]);
  const hovered = useHovered(selection);
  const goTo = (index: number): void => {
    setCurrentKey(listed[index]?.key ?? null);
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
    rows: listed,
    selection,
    current,
    page: Math.max(Math.floor((rows.scrollRect?.height ?? 0) / ROW_HEIGHT) - 1, 1),
    goTo,
    onOpen,
    onFold: key => model.fold(key)
  });
  const inView = usePlaces(columns.getVirtualItems());
  return (
    <div
      className="jp-Runlore-compare-scroll"
      ref={scroll}
      // Heads of groups fold, which rows of a plain grid do not.
      role={listed.some(row => row.group) ? 'treegrid' : 'grid'}
      aria-multiselectable="true"
      aria-label={trans.__('Compared runs')}
      aria-rowcount={listed.length + 1}
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
          const row = listed[index];
          if (!row) {
            return null;
          }
          const common = {
            isHovered: row.run !== null && hovered === row.key,
            isCurrent: index === current,
            onFocus: setCurrentKey,
            onClick: keys.onClick
          };
          const place = { model, turn: model.turn, index, top, inView, now, trans };
          return row.group ? (
            <GridGroup key={row.key} group={row.group} {...common} {...place} />
          ) : (
            <GridRow key={row.key} run={row.run} onOpen={onOpen} {...common} {...place} />
          );
        })}
      </div>
    </div>
  );
}

function columnWidth(column: Column | undefined): number {
  if (column?.kind === 'attribute') {
    return column.name === 'verdict' ? VERDICT_WIDTH : WORD_WIDTH;
  }
  return column?.kind === 'tags' ? WORD_WIDTH : NUMBER_WIDTH;
}

/** The columns in view; the same array as before while they are the same. */
function usePlaces(items: readonly VirtualItem[]): readonly IColumnPlace[] {
  const places = items.map(({ index, start: left, size: width }) => ({ index, left, width }));
  const [stable, setStable] = React.useState(places);
  const isSame =
    places.length === stable.length &&
    places.every((place, at) => {
      const old = stable[at];
      return old?.index === place.index && old.left === place.left && old.width === place.width;
    });
  if (isSame) {
    return stable;
  }
  setStable(places);
  return places;
}
