import { TranslationBundle } from '@jupyterlab/translation';
import { Range, useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { IRun } from '../../api/types';
import { useSize } from '../../charts/size';
import { Column } from '../../model/columns';
import { MarksModel } from '../../model/marks';
import { SearchModel } from '../../model/search';
import { IView } from '../../model/view';
import { carryRuns } from '../compare/dragged';
import { useAnchor } from './anchor';
import { useCurrentRow, useKeptFocus } from './focus';
import { HEAD_HEIGHT, ROW_HEIGHT, rowHeight } from './geometry';
import { GroupRow } from './groupRow';
import { ColumnHeads } from './head';
import { markRange, useKeys } from './keyboard';
import { IRunActions, PendingRow, RunRow } from './row';

/** Rows rendered beyond those in view. */
const OVERSCAN = 8;
/** Before it is measured. */
const FIRST_RECT = { width: 300, height: 600 };
/** Pixels that a column takes, and the name at the least; the style sheet has the same. */
const COLUMN_WIDTH = 76;
const NAME_WIDTH = 130;
/** Pixels of width below which rows tell less. */
const LITTLE_ROOM = 320;
const LEAST_ROOM = 300;

/**
 * Properties of the list of runs.
 */
export interface IRunListProps {
  search: SearchModel;
  marks: MarksModel;
  columns: readonly Column[];
  /** A run that is loaded. */
  find: (runId: string) => IRun | undefined;
  /** Whether another run that is loaded has its name. */
  isNamesake: (run: IRun) => boolean;
  view: IView;
  /** Unix seconds. */
  now: number;
  /** Called when the user asks for the filter by keyboard. */
  onFilter: () => void;
  actions: IRunActions;
  trans: TranslationBundle;
}

/**
 * The list of runs, of which only the rows in view are there.
 */
export function RunList(props: IRunListProps): React.ReactElement {
  const { search, marks, columns, find, isNamesake, view, now, onFilter, actions, trans } = props;
  const { rows } = search;
  const scroll = React.useRef<HTMLDivElement>(null);
  const [goal, setGoal] = React.useState<number | null>(null);
  const [current, moveTo] = useCurrentRow(rows);
  const virtualizer = useVirtualizer<HTMLDivElement, Element>({
    count: rows.count,
    getScrollElement: () => scroll.current,
    estimateSize: index => rowHeight(rows, index),
    rangeExtractor: range => withRow(range, current),
    overscan: OVERSCAN,
    paddingStart: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT,
    initialRect: FIRST_RECT,
    useFlushSync: false
  });
  const { layout } = rows;
  React.useLayoutEffect(() => virtualizer.measure(), [virtualizer, layout]);
  useAnchor(virtualizer, rows);
  const { startIndex = 0, endIndex = 0 } = virtualizer.range ?? {};
  React.useEffect(
    () => search.look(startIndex, endIndex + 1),
    [search, startIndex, endIndex, layout]
  );
  React.useEffect(() => {
    // A row has the focus as soon as it is there.
    if (goal !== null) {
      const row = scroll.current?.querySelector<HTMLElement>(`[aria-rowindex="${goal + 2}"]`);
      row?.focus({ preventScroll: true });
      setGoal(null);
    }
  }, [goal]);
  const goTo = (index: number): void => {
    moveTo(rows.row(index)?.key ?? null);
    virtualizer.scrollToIndex(index);
    setGoal(index);
  };
  const nameAt = (index: number): string | undefined => {
    const row = rows.row(index);
    return row?.kind === 'run' && row.runId !== undefined ? find(row.runId)?.name : undefined;
  };
  const page = Math.max(Math.floor((virtualizer.scrollRect?.height ?? 0) / ROW_HEIGHT) - 1, 1);
  const kept = useKeptFocus(() => (rows.count > 0 ? goTo(current) : onFilter()));
  const onKeyDown = useKeys({ search, marks, actions, current, page, nameAt, goTo, onFilter });
  const clicked = React.useRef<number | null>(null);
  const onClick = React.useCallback(
    (event: React.MouseEvent, index: number, runId: string) => {
      if (event.shiftKey) {
        void markRange({ search, marks }, clicked.current ?? index, index);
        return;
      }
      clicked.current = index;
      if (event.ctrlKey || event.metaKey) {
        marks.toggle(runId);
      } else {
        marks.clear();
        actions.toggle(runId);
      }
    },
    [search, marks, actions]
  );
  const width = NAME_WIDTH + columns.length * COLUMN_WIDTH;
  // Told to the style sheet: to lay rows out within a container that it asks takes twice as long.
  const room = (useSize(scroll) ?? FIRST_RECT).width;
  return (
    <div
      className="jp-Runlore-scroll"
      ref={scroll}
      // Heads of groups fold, which rows of a plain grid do not.
      role={search.query.group === '' ? 'grid' : 'treegrid'}
      aria-multiselectable="true"
      aria-label={trans.__('Runs')}
      aria-rowcount={rows.count + 1}
      aria-busy={search.isPending}
      onKeyDown={onKeyDown}
      {...kept}
      onDragStart={event => {
        const { runloreRun } = (event.target as HTMLElement).dataset;
        if (runloreRun !== undefined) {
          carryRuns(event.dataTransfer, marks.around(runloreRun));
        }
      }}
    >
      <div
        className="jp-Runlore-list"
        role="presentation"
        data-is-wide={width > room}
        data-room={room < LEAST_ROOM ? 'least' : room < LITTLE_ROOM ? 'little' : undefined}
        style={
          {
            height: virtualizer.getTotalSize(),
            minWidth: width,
            '--jp-runlore-room': `${room}px`,
            '--jp-runlore-columns': columns.length
          } as React.CSSProperties
        }
      >
        <ColumnHeads {...{ columns, search, trans }} metric={view.metric} />
        {virtualizer.getVirtualItems().map(({ index, start: top }) => {
          const row = rows.row(index);
          const isCurrent = index === current;
          const place = { index, top, isCurrent, onFocus: moveTo, trans };
          if (row?.kind === 'group') {
            const { group, isOpen, key } = row;
            const onToggle = (): void => search.toggle(group);
            return (
              <GroupRow
                key={key}
                rowKey={key}
                {...{ group, isOpen, onToggle, ...place }}
                metric={view.metric}
              />
            );
          }
          const run = row?.runId === undefined ? undefined : find(row.runId);
          return run && row ? (
            <RunRow
              key={row.key}
              style={view.styles.get(run.run_id)}
              metric={view.metric}
              isMarked={marks.has(run.run_id)}
              isNamesake={isNamesake(run)}
              {...{ run, columns, now, onClick, actions, ...place }}
            />
          ) : (
            <PendingRow key={row?.key ?? index} {...{ index, top }} label={trans.__('Loading…')} />
          );
        })}
      </div>
    </div>
  );
}

/** The rows to render: those in view, and that of the keyboard, which would lose it otherwise. */
function withRow(range: Range, current: number): number[] {
  const from = Math.max(range.startIndex - range.overscan, 0);
  const to = Math.min(range.endIndex + range.overscan + 1, range.count);
  const shown = Array.from({ length: Math.max(to - from, 0) }, (_, step) => from + step);
  if (current < range.count && (current < from || current >= to)) {
    shown.push(current);
    shown.sort((a, b) => a - b);
  }
  return shown;
}
