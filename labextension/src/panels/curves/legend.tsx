import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Cursor, IPointed } from '../../charts/cursor';
import { IDrawing } from '../../charts/drawing';
import { formatDeviation, formatValue } from '../../charts/format';
import { nearestPoint } from '../../charts/nearest';
import { formatX } from '../../charts/readout';
import { lastPoint, linePoints, ILine, IPoints } from '../../charts/traces';
import { ISeedGroup } from '../../model/seedGroups';
import { IHidden } from './hidden';
import { legendRows, summedUp } from './legendRows';
import { useValues } from './legendValues';

/** Milliseconds without a move after which the pointer rests. */
const REST = 120;

/**
 * The runs of the charts with their values where the pointer is, else their last ones; where it rests, the metric that
 * is pointed at gives the order, the greatest first. A click hides a line, a double click all others. Above the runs of
 * a group that is drawn as one line stands what they have in common.
 */
export function Legend(props: {
  charts: readonly { metric: string; lines: readonly ILine[] }[];
  /** What a metric is called, where that is not its name. */
  titleOf?: ((metric: string) => string) | undefined;
  /** The groups that are drawn as one line each. */
  groups: readonly ISeedGroup[];
  drawing: IDrawing;
  cursor: Cursor;
  hidden: IHidden;
  trans: TranslationBundle;
}): React.ReactElement {
  const { charts, titleOf, groups, drawing, cursor, hidden, trans } = props;
  const rested = useRested(cursor);
  const [isScrolled, setIsScrolled] = React.useState(false);
  const columns = useColumns(charts, drawing);
  const leading = columns.find(column => column.metric === rested?.metric) ?? columns[0];
  const rows = legendRows(
    [...new Map(columns.flatMap(column => [...column.lines])).values()],
    groups,
    line => (leading ? valueAt(leading, line.curve.runId, rested) : NaN),
    line => !hidden.has(line.curve.runId)
  );
  const table = React.useRef<HTMLTableElement>(null);
  useValues(cursor, table, at => ({
    caption: at ? trans.__('Values at %1', formatX(at.x, drawing, trans)) : trans.__('Last values'),
    cell: (number, place) => {
      const [row, column] = [rows[number], columns[place]];
      if (!row || !column) {
        return [];
      }
      const { line, members } = row;
      return members
        ? groupTexts(
            members.map(({ curve }) => valueAt(column, curve.runId, at)),
            trans
          )
        : [formatted(valueAt(column, line.curve.runId, at))];
    }
  }));
  return (
    <div
      className="jp-Runlore-legend"
      data-is-scrolled={isScrolled}
      onScroll={event => setIsScrolled(event.currentTarget.scrollLeft > 0)}
    >
      <table ref={table}>
        <caption />
        <thead>
          <tr>
            <th scope="col">{trans.__('Run')}</th>
            {columns.map(({ metric }) => (
              <th key={metric} scope="col" title={metric}>
                {titleOf?.(metric) ?? metric}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ line, members, isMember }) => {
            const { runId } = line.curve;
            return members ? (
              <GroupRow
                key={`group ${runId}`}
                {...{ line, columns, trans }}
                count={members.length}
              />
            ) : (
              <LineRow
                key={runId}
                {...{ line, columns, isMember, trans }}
                isOff={hidden.has(runId)}
                onToggle={hidden.toggle}
              />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Where the cursor rests; rows that changed their places at each move could not be read. */
function useRested(cursor: Cursor): IPointed | null {
  const [rested, setRested] = React.useState(cursor.at);
  React.useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => React.startTransition(() => setRested(cursor.at)), REST);
    };
    cursor.changed.connect(wait);
    return () => {
      clearTimeout(timer);
      cursor.changed.disconnect(wait);
    };
  }, [cursor]);
  return rested;
}

/** The value of a run where the cursor is, else its last one; NaN where it has none. */
function valueAt(column: IColumn, runId: string, at: IPointed | null): number {
  const points = column.points.get(runId);
  if (!points) {
    return NaN;
  }
  if (!at) {
    return column.last.get(runId) ?? NaN;
  }
  return points.y[nearestPoint(points, at.x, column.span) ?? -1] ?? NaN;
}

const LineRow = React.memo(function LineRow(props: {
  line: ILine;
  columns: readonly IColumn[];
  isMember: boolean;
  isOff: boolean;
  onToggle: IHidden['toggle'];
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, columns, isMember, isOff, onToggle, trans } = props;
  const { runId } = line.curve;
  return (
    <tr className={isOff ? 'jp-mod-off' : ''} data-is-member={isMember}>
      <th scope="row">
        <button
          className="jp-Runlore-legend-entry"
          aria-pressed={!isOff}
          title={`${line.name} ${line.mark}\n${trans.__('Click hides or shows, double click shows it alone')}`}
          onClick={event => onToggle(runId, event.detail > 1 || event.shiftKey)}
        >
          <span className="jp-Runlore-swatch" data-color={line.style.color} />
          <span className="jp-Runlore-legend-name">{line.name}</span>
          {line.mark && <span className="jp-Runlore-chart-mark">{line.mark}</span>}
        </button>
      </th>
      {columns.map(({ metric }) => (
        <td key={metric} className="jp-Runlore-number">
          <span className="jp-Runlore-legend-value" />
        </td>
      ))}
    </tr>
  );
});

const GroupRow = React.memo(function GroupRow(props: {
  line: ILine;
  columns: readonly IColumn[];
  count: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, columns, count, trans } = props;
  const name = `${line.name} ×${count}`;
  return (
    <tr>
      <th scope="row">
        <span
          className="jp-Runlore-legend-group"
          title={`${name}\n${trans.__('Mean ± standard deviation, and of how many runs')}`}
        >
          <span className="jp-Runlore-swatch" data-color={line.style.color} />
          <span className="jp-Runlore-legend-name">{name}</span>
        </span>
      </th>
      {columns.map(({ metric }) => (
        <td key={metric} className="jp-Runlore-number">
          <span /> <span className="jp-Runlore-faint" />
        </td>
      ))}
    </tr>
  );
});

/** Mean ± deviation of a group, and of how many. */
function groupTexts(values: readonly number[], trans: TranslationBundle): string[] {
  const found = summedUp(values);
  if (found === null) {
    return ['–', ''];
  }
  const mean = formatValue(found.mean);
  const spread = found.count > 1 ? ` ± ${formatDeviation(found.deviation)}` : '';
  return [mean + spread, trans.__('n = %1', found.count)];
}

interface IColumn {
  metric: string;
  lines: Map<string, ILine>;
  points: Map<string, IPoints>;
  /** The last values. */
  last: Map<string, number>;
  /** From the first x to the last. */
  span: number;
}

function useColumns(
  charts: readonly { metric: string; lines: readonly ILine[] }[],
  drawing: IDrawing
): readonly IColumn[] {
  return React.useMemo(
    () =>
      charts.map(({ metric, lines }) => {
        const points = new Map(
          lines.map(line => [line.curve.runId, linePoints(line, drawing)] as const)
        );
        const ends = [...points.values()].flatMap(({ x }) => [x[0] ?? 0, x.at(-1) ?? 0]);
        return {
          metric,
          lines: new Map(lines.map(line => [line.curve.runId, line])),
          points,
          last: new Map(
            [...points].map(([runId, line]) => [
              runId,
              lastPoint(line, drawing.log, Infinity)?.y ?? NaN
            ])
          ),
          span: ends.length > 0 ? Math.max(...ends) - Math.min(...ends) : 0
        };
      }),
    [charts, drawing]
  );
}

function formatted(value: number): string {
  return Number.isNaN(value) ? '–' : formatValue(value);
}
