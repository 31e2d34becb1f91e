import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useSize } from '../../charts/size';
import { CompareModel } from '../../model/compare';
import { IDimension, placeOn } from '../../model/dimension';
import { EmptyState } from '../marks/states';
import { columnLabel, columnTitle } from '../runs/cell';
import { Brush } from './brush';
import { useHovered } from './hovered';
import { Scale, scaleOf, ticksOf } from './scale';

const MARGIN = { top: 36, bottom: 28, left: 64, right: 64 };
/** Pixels from an axis to the next at the least. */
const ROOM = 110;
/** Characters of a tick's label. */
const LONGEST = 12;

/**
 * A line for every run across parameters and metrics; brushes on the axes select runs.
 */
export function ParallelTab(props: {
  model: CompareModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const size = useSize(root);
  const { dimensions } = model;
  const axes = dimensions.filter(
    ({ column }) => column.kind === 'params' || column.kind === 'metrics'
  );
  return (
    <>
      <div className="jp-Runlore-plot" ref={root}>
        {axes.length < 2 ? (
          <EmptyState
            title={trans.__('Nothing to draw')}
            sentence={trans.__('The runs differ in less than two parameters and metrics.')}
          />
        ) : (
          size && <Lines {...{ model, axes, trans }} {...size} />
        )}
      </div>
      <p className="jp-Runlore-plot-hint">
        {trans.__('Drag along an axis to select runs; click it to take that back.')}
      </p>
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
  const hovered = useHovered(selection);
  const width = Math.max(props.width, MARGIN.left + MARGIN.right + (axes.length - 1) * ROOM);
  const bottom = height - MARGIN.bottom;
  const placed = axes.map((dimension, index): IAxis => ({
    dimension,
    scale: scaleOf(dimension, [bottom, MARGIN.top]),
    x: MARGIN.left + (index * (width - MARGIN.left - MARGIN.right)) / Math.max(axes.length - 1, 1)
  }));
  // What stands out lies above the rest.
  const rank = (id: string): number => (id === hovered ? 2 : selection.stands(id) ? 1 : 0);
  const runs = [...model.runs.list].sort((a, b) => rank(a.run_id) - rank(b.run_id));
  return (
    <svg
      width={width}
      height={height}
      role="group"
      aria-label={trans.__('%1 runs across parameters and metrics', runs.length)}
    >
      {runs.map(run => (
        <path
          key={run.run_id}
          className="jp-Runlore-plot-line"
          data-color={styles.get(run.run_id)?.color}
          data-is-faint={!selection.stands(run.run_id)}
          data-is-hovered={run.run_id === hovered}
          d={pathOf(placed.map(({ dimension, scale, x }) => [x, placeOn(dimension, run), scale]))}
          onPointerEnter={() => selection.hover(run.run_id)}
          onPointerLeave={() => selection.hover(null)}
          onClick={() => selection.toggle(run.run_id)}
        >
          <title>{run.name}</title>
        </path>
      ))}
      {placed.map(({ dimension, scale, x }) => (
        <g key={dimension.id} transform={`translate(${x}, 0)`}>
          <line className="jp-Runlore-plot-axis" y1={MARGIN.top} y2={bottom} />
          {ticksOf(dimension, scale).map(({ at, label }) => (
            <text key={label} className="jp-Runlore-plot-tick" x={10} y={at} dy="0.32em">
              {label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}…` : label}
              <title>{label}</title>
            </text>
          ))}
          <text className="jp-Runlore-plot-name" y={MARGIN.top - 14} textAnchor="middle">
            {nameOf(dimension, trans)}
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
  );
}

/** What an axis is called; one that is logarithmic says so. */
export function nameOf(dimension: IDimension, trans: TranslationBundle): string {
  const label = columnLabel(dimension.column, null, trans);
  return dimension.kind === 'log' ? trans.__('%1 (log)', label) : label;
}

/** A line through the places that there are, with a gap where a run has none. */
function pathOf(
  places: readonly (readonly [x: number, place: number | null, scale: Scale])[]
): string {
  let isDrawing = false;
  return places
    .map(([x, place, scale]) => {
      if (place === null) {
        isDrawing = false;
        return '';
      }
      const to = `${isDrawing ? 'L' : 'M'}${x},${scale(place)}`;
      isDrawing = true;
      return to;
    })
    .join('');
}
