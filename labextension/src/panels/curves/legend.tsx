import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { Cursor, useCursor } from '../../charts/cursor';
import { IDrawing } from '../../charts/drawing';
import { formatDeviation, formatValue } from '../../charts/format';
import { nearestPoint } from '../../charts/nearest';
import { formatX } from '../../charts/readout';
import { lastPoint, linePoints, ILine, IPoints } from '../../charts/traces';
import { ISeedGroup } from '../../model/seedGroups';
import { IHidden } from './hidden';
import { legendRows, summedUp } from './legendRows';

/**
 * The runs of the charts with their values where the pointer is, else their last ones; the metric that is pointed at
 * gives the order, the greatest first. A click hides a line, a double click all others. Above the runs of a group that
 * is drawn as one line stands what they have in common.
 */
export function Legend(props: {
  charts: readonly { metric: string; lines: readonly ILine[] }[];
  /** The groups that are drawn as one line each. */
  groups: readonly ISeedGroup[];
  drawing: IDrawing;
  cursor: Cursor;
  hidden: IHidden;
  trans: TranslationBundle;
}): React.ReactElement {
  const { charts, groups, drawing, cursor, hidden, trans } = props;
  const at = useCursor(cursor);
  const [isScrolled, setIsScrolled] = React.useState(false);
  const columns = useColumns(charts, drawing);
  const leading = columns.find(column => column.metric === at?.metric) ?? columns[0];
  const valueOf = (column: IColumn, runId: string): number => {
    const points = column.points.get(runId);
    if (!points) {
      return NaN;
    }
    const index = at && nearestPoint(points, at.x, column.span);
    const found = at ? points.y[index ?? -1] : lastPoint(points, drawing.log, Infinity)?.y;
    return found ?? NaN;
  };
  const rows = legendRows(
    [...new Map(columns.flatMap(column => [...column.lines])).values()],
    groups,
    line => (leading ? valueOf(leading, line.curve.runId) : NaN),
    line => !hidden.has(line.curve.runId)
  );
  return (
    <div
      className="jp-Runlore-legend"
      data-is-scrolled={isScrolled}
      onScroll={event => setIsScrolled(event.currentTarget.scrollLeft > 0)}
    >
      <table>
        <caption>
          {at ? trans.__('Values at %1', formatX(at.x, drawing, trans)) : trans.__('Last values')}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Run')}</th>
            {columns.map(({ metric }) => (
              <th key={metric} scope="col" title={metric}>
                {metric}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ line, members, isMember }) => {
            const { runId } = line.curve;
            if (members) {
              const ids = members.map(member => member.curve.runId);
              return (
                <tr key={`group ${runId}`}>
                  <th scope="row">
                    <GroupEntry {...{ line, trans }} count={ids.length} />
                  </th>
                  {columns.map(column => (
                    <GroupValue
                      key={column.metric}
                      values={ids.map(id => valueOf(column, id))}
                      trans={trans}
                    />
                  ))}
                </tr>
              );
            }
            return (
              <tr
                key={runId}
                className={hidden.has(runId) ? 'jp-mod-off' : ''}
                data-is-member={isMember}
              >
                <th scope="row">
                  <LegendEntry {...{ line, hidden, trans }} />
                </th>
                {columns.map(column => (
                  <td key={column.metric} className="jp-Runlore-number">
                    {formatted(valueOf(column, runId))}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const LegendEntry = React.memo(function LegendEntry(props: {
  line: ILine;
  hidden: IHidden;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, hidden, trans } = props;
  const { runId } = line.curve;
  return (
    <button
      className="jp-Runlore-legend-entry"
      aria-pressed={!hidden.has(runId)}
      title={`${line.name} ${line.mark}\n${trans.__('Click hides or shows, double click shows it alone')}`}
      onClick={event => hidden.toggle(runId, event.detail > 1 || event.shiftKey)}
    >
      <span className="jp-Runlore-swatch" data-color={line.style.color} />
      <span className="jp-Runlore-legend-name">{line.name}</span>
      {line.mark && <span className="jp-Runlore-chart-mark">{line.mark}</span>}
    </button>
  );
});

function GroupEntry(props: {
  line: ILine;
  count: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, count, trans } = props;
  const name = `${line.name} ×${count}`;
  return (
    <span
      className="jp-Runlore-legend-group"
      title={`${name}\n${trans.__('Mean ± standard deviation, and of how many runs')}`}
    >
      <span className="jp-Runlore-swatch" data-color={line.style.color} />
      <span className="jp-Runlore-legend-name">{name}</span>
    </span>
  );
}

/** Mean ± deviation of a group, and of how many. */
function GroupValue(props: {
  values: readonly number[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { values, trans } = props;
  const found = summedUp(values);
  return (
    <td className="jp-Runlore-number">
      {found === null ? (
        '–'
      ) : (
        <>
          {found.count > 1
            ? `${formatValue(found.mean)} ± ${formatDeviation(found.deviation)}`
            : formatValue(found.mean)}{' '}
          <span className="jp-Runlore-faint">{trans.__('n = %1', found.count)}</span>
        </>
      )}
    </td>
  );
}

interface IColumn {
  metric: string;
  lines: Map<string, ILine>;
  points: Map<string, IPoints>;
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
          span: ends.length > 0 ? Math.max(...ends) - Math.min(...ends) : 0
        };
      }),
    [charts, drawing]
  );
}

function formatted(value: number): string {
  return Number.isNaN(value) ? '–' : formatValue(value);
}

/** The names of the metrics that the runs have, in the order in which they appear. */
export function metricsOf(runs: readonly IRun[]): string[] {
  return [...new Set(runs.flatMap(run => Object.keys(run.metrics)))];
}
