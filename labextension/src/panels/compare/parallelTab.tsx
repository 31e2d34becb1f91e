import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { CompareModel } from '../../model/compare';
import { FEWEST } from '../../model/compareAxes';
import { IDimension, placeOn } from '../../model/dimension';
import { columnTitle } from '../runs/cell';
import { AxesChoice } from './axesChoice';
import { Brush } from './brush';
import { ILines } from './nearestLine';
import { Plot } from './plot';
import { HoveredLine, PointedLines } from './pointedLines';
import { fullTitle } from './runName';
import { nameOf, Scale, scaleOf, ticksOf } from './scale';

const MARGIN = { top: 36, bottom: 28 };
/** Pixels from an axis to its labels, and of a character of a label or of a name, at the most. */
const GAP = 10;
const LABEL_CHARACTER = 6.5;
const NAME_CHARACTER = 7.5;
/** Pixels from an axis to the next that always do. */
const ROOM = 110;
/** Characters of a tick's label, and of an axis's name: it stands within the room of its axis. */
const LONGEST = 12;
const LONGEST_NAME = 15;

/**
 * A line for every run across parameters and metrics; brushes on the axes select runs.
 */
export function ParallelTab(props: {
  model: CompareModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { across, acrossNow } = model;
  const axes = acrossNow.flatMap(column => model.dimension(column) ?? []);
  return (
    <>
      {acrossNow.length < across.length && <AxesChoice {...{ model, trans }} />}
      <Plot
        lacking={
          axes.length < FEWEST
            ? trans.__('The runs differ in less than two parameters and metrics.')
            : null
        }
        hint={trans.__(
          'Drag along an axis to select runs; click it to take that back. By keyboard, arrows move the part, with Shift they change its length, and Delete takes it away.'
        )}
        draw={size => <Lines {...{ model, axes, trans }} {...size} />}
        trans={trans}
      />
    </>
  );
}

interface IAxis {
  dimension: IDimension;
  scale: Scale;
  x: number;
}

function Lines(props: {
  model: CompareModel;
  axes: readonly IDimension[];
  width: number;
  height: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, axes, height, trans } = props;
  const { selection, styles } = model;
  const { list } = model.runs;
  const bottom = height - MARGIN.bottom;
  const { left, right, between } = roomFor(axes, [bottom, MARGIN.top], trans);
  const width = Math.max(props.width, left + right + (axes.length - 1) * between);
  const placed = axes.map((dimension, index): IAxis => ({
    dimension,
    scale: scaleOf(dimension, [bottom, MARGIN.top]),
    x: left + (index * (width - left - right)) / Math.max(axes.length - 1, 1)
  }));
  // As long as the runs, the axes and the room are the same, brushing draws no line anew.
  const place = [
    ...axes.map(({ id, kind, domain }) => `${id} ${kind} ${domain.join()}`),
    width,
    height
  ];
  const drawn = place.join('\n');
  const lines = React.useMemo<ILines>(
    () => ({
      axes: placed.map(({ x }) => x),
      heights: new Map(list.map(run => [run.run_id, heightsOf(placed, run)]))
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `drawn` tells of all in `placed`
    [list, drawn]
  );
  const paths = React.useMemo(
    () => new Map([...lines.heights].map(([id, heights]) => [id, pathOf(lines.axes, heights)])),
    [lines]
  );
  // What stands out lies above the rest.
  const stands = (run: IRun): number => Number(selection.stands(run.run_id));
  const runs = [...list].sort((a, b) => stands(a) - stands(b));
  return (
    <PointedLines {...{ model, lines, width, height, trans }}>
      <svg
        width={width}
        height={height}
        role="group"
        aria-label={trans.__('%1 runs across parameters and metrics', runs.length)}
      >
        {runs.map(run => (
          <Line
            key={run.run_id}
            path={paths.get(run.run_id) ?? ''}
            title={fullTitle(model, run, trans)}
            color={styles.get(run.run_id)?.color}
            dash={styles.get(run.run_id)?.dash}
            isFaint={!selection.stands(run.run_id)}
          />
        ))}
      </svg>
      <HoveredLine {...{ model, paths, width, height }} />
      <svg width={width} height={height} role="group" aria-label={trans.__('Axes')}>
        {placed.map(({ dimension, scale, x }) => (
          <g key={dimension.id} transform={`translate(${x}, 0)`}>
            <line className="jp-Runlore-plot-axis" y1={MARGIN.top} y2={bottom} />
            {ticksOf(dimension, scale).map(({ at, label }) => (
              <text key={label} className="jp-Runlore-plot-tick" x={GAP} y={at} dy="0.32em">
                {cut(label, LONGEST)}
                <title>{label}</title>
              </text>
            ))}
            <text className="jp-Runlore-plot-name" y={MARGIN.top - 14} textAnchor="middle">
              {cut(nameOf(dimension, trans), LONGEST_NAME)}
              <title>{columnTitle(dimension.column, null, trans)}</title>
            </text>
            <Brush
              name={columnTitle(dimension.column, null, trans)}
              span={selection.brushes.get(dimension.id)}
              onChange={span => model.brush({ [dimension.id]: span })}
              {...{ dimension, scale, trans }}
            />
          </g>
        ))}
      </svg>
    </PointedLines>
  );
}

const Line = React.memo(function Line(props: {
  path: string;
  title: string;
  color: number | undefined;
  dash: string | undefined;
  isFaint: boolean;
}): React.ReactElement {
  const { path, title, color, dash, isFaint } = props;
  return (
    <path
      className="jp-Runlore-plot-line"
      data-color={color}
      data-dash={dash}
      data-is-faint={isFaint}
      d={path}
    >
      <title>{title}</title>
    </path>
  );
});

/**
 * The room that names and labels of the axes need: of the first one at its left, of the last one at its right, and
 * between two of them.
 */
function roomFor(
  axes: readonly IDimension[],
  range: [number, number],
  trans: TranslationBundle
): { left: number; right: number; between: number } {
  const names = axes.map(axis => widest([nameOf(axis, trans)], LONGEST_NAME) * NAME_CHARACTER);
  const labels = axes.map(axis => {
    const ticks = ticksOf(axis, scaleOf(axis, range)).map(({ label }) => label);
    return GAP + widest(ticks, LONGEST) * LABEL_CHARACTER;
  });
  return {
    left: (names[0] ?? 0) / 2 + GAP,
    right: Math.max((names.at(-1) ?? 0) / 2, labels.at(-1) ?? 0),
    between: Math.min(Math.max(...names, ...labels, 0) + GAP, ROOM)
  };
}

/** How many characters the longest of the texts has when it is cut to so many. */
function widest(texts: readonly string[], longest: number): number {
  return Math.max(0, ...texts.map(text => cut(text, longest).length));
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** Where a run stands on each axis, in pixels; null where it has nothing. */
function heightsOf(axes: readonly IAxis[], run: IRun): (number | null)[] {
  return axes.map(({ dimension, scale }) => {
    const place = placeOn(dimension, run);
    return place === null ? null : scale(place);
  });
}

/** A line through the places of a run, with a gap where it has none. */
function pathOf(axes: readonly number[], heights: readonly (number | null)[]): string {
  return heights
    .map((height, at) => {
      const isDrawing = at > 0 && heights[at - 1] !== null;
      return height === null ? '' : `${isDrawing ? 'L' : 'M'}${axes[at] ?? 0},${height}`;
    })
    .join('');
}
