import { HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Column, columnId } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { findColumn } from '../../model/compareColumns';
import { IDimension, placeOn } from '../../model/dimension';
import { columnTitle } from '../runs/cell';
import { factText } from './fact';
import { useHovered } from './hovered';
import { Plot } from './plot';
import { ICorner, usePointKeys } from './pointKeys';
import { fullTitle } from './runName';
import { nameOf, scaleOf, ticksOf } from './scale';
import { Point } from './scatterPoint';

const MARGIN = { top: 12, bottom: 40, left: 72, right: 20 };
/** Pixels by which a press is no drag yet. */
const STILL = 4;

/**
 * A point for every run over two columns; a rectangle selects runs.
 */
export function ScatterTab(props: {
  model: CompareModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { axes, look } = model;
  const find = (id: string | null, kind: Column['kind']): IDimension | null => {
    const column = findColumn(axes, id) ?? axes.find(other => other.kind === kind);
    return column ? model.dimension(column) : null;
  };
  const x = find(look.now.x, 'params');
  const y = find(look.now.y, 'metrics');
  const choose = (
    axis: 'x' | 'y',
    label: string,
    value: string | undefined
  ): React.ReactElement => (
    <label className="jp-Runlore-plot-choice">
      {label}
      <HTMLSelect
        className="jp-Runlore-select"
        aria-label={label}
        value={value ?? ''}
        onChange={event => look.set({ [axis]: event.target.value })}
      >
        {value === undefined && <option value="">{trans.__('choose…')}</option>}
        <AxisOptions {...{ axes, trans }} />
      </HTMLSelect>
    </label>
  );
  return (
    <>
      <div className="jp-Runlore-plot-choices">
        {choose('x', trans.__('Horizontal'), x?.id)}
        {choose('y', trans.__('Vertical'), y?.id)}
      </div>
      <Plot
        lacking={x && y ? null : trans.__('Choose what stands on both axes.')}
        hint={trans.__(
          'Drag a rectangle to select runs; click beside the points to take that back. By keyboard, arrows go from point to point, with Shift they select, and Escape takes it back.'
        )}
        draw={size => x && y && <Points {...{ model, x, y, trans }} {...size} />}
        trans={trans}
      />
    </>
  );
}

/** Rendered once for the same columns, of which there may be thousands. */
const AxisOptions = React.memo(function AxisOptions(props: {
  axes: readonly Column[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { axes, trans } = props;
  return (
    <>
      {axes.map(column => (
        <option key={columnId(column)} value={columnId(column)}>
          {columnTitle(column, null, trans)}
        </option>
      ))}
    </>
  );
});

function Points(props: {
  model: CompareModel;
  x: IDimension;
  y: IDimension;
  width: number;
  height: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, x, y, width, height, trans } = props;
  const { selection, styles } = model;
  const hovered = useHovered(selection);
  const start = React.useRef<ICorner | null>(null);
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const across = scaleOf(x, [MARGIN.left, right]);
  const up = scaleOf(y, [bottom, MARGIN.top]);
  const cornerOf = (event: React.PointerEvent<SVGRectElement>): ICorner => {
    const box = event.currentTarget.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    return {
      left: Math.min(Math.max(left, 0), box.width) + MARGIN.left,
      top: Math.min(Math.max(top, 0), box.height) + MARGIN.top
    };
  };
  const isDrag = (from: ICorner, to: ICorner): boolean =>
    Math.hypot(from.left - to.left, from.top - to.top) >= STILL;
  const brush = (from: ICorner, to: ICorner): void =>
    model.brush({
      [x.id]: [
        across.invert(Math.min(from.left, to.left)),
        across.invert(Math.max(from.left, to.left))
      ],
      [y.id]: [up.invert(Math.max(from.top, to.top)), up.invert(Math.min(from.top, to.top))]
    });
  const points = model.runs.list.flatMap(run => {
    const [at, above] = [placeOn(x, run), placeOn(y, run)];
    const title = `${fullTitle(model, run, trans)}: ${told(x, at)}, ${told(y, above)}`;
    return at === null || above === null
      ? []
      : [{ id: run.run_id, left: across(at), top: up(above), title }];
  });
  const keys = usePointKeys({ points, selection, brush });
  const [wide, high] = [selection.brushes.get(x.id), selection.brushes.get(y.id)];
  return (
    <svg
      width={width}
      height={height}
      role="group"
      aria-label={trans.__('%1 over %2', nameOf(y, trans), nameOf(x, trans))}
    >
      {ticksOf(x, across).map(({ at, label }) => (
        <g key={label} transform={`translate(${at}, ${bottom})`}>
          <line className="jp-Runlore-plot-grid" y2={MARGIN.top - bottom} />
          <text className="jp-Runlore-plot-tick" y={16} textAnchor="middle">
            {label}
          </text>
        </g>
      ))}
      {ticksOf(y, up).map(({ at, label }) => (
        <g key={label} transform={`translate(${MARGIN.left}, ${at})`}>
          <line className="jp-Runlore-plot-grid" x2={right - MARGIN.left} />
          <text className="jp-Runlore-plot-tick" x={-6} dy="0.32em" textAnchor="end">
            {label}
          </text>
        </g>
      ))}
      <text className="jp-Runlore-plot-name" x={right} y={height - 6} textAnchor="end">
        {nameOf(x, trans)}
      </text>
      {wide && high && (
        <rect
          className="jp-Runlore-brush-span"
          x={across(wide[0])}
          width={across(wide[1]) - across(wide[0])}
          y={up(high[1])}
          height={up(high[0]) - up(high[1])}
        />
      )}
      <rect
        className="jp-Runlore-brush-area"
        x={MARGIN.left}
        y={MARGIN.top}
        width={Math.max(right - MARGIN.left, 0)}
        height={Math.max(bottom - MARGIN.top, 0)}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = cornerOf(event);
        }}
        onPointerMove={event => {
          const corner = cornerOf(event);
          if (start.current && isDrag(start.current, corner)) {
            brush(start.current, corner);
          }
        }}
        onPointerUp={event => {
          if (start.current && !isDrag(start.current, cornerOf(event))) {
            selection.clear();
          }
          start.current = null;
        }}
      />
      <g
        role="listbox"
        aria-multiselectable="true"
        aria-label={trans.__('Runs')}
        onKeyDown={keys.onKeyDown}
      >
        {points.map(({ id, left, top, title }) => (
          <Point
            key={id}
            style={styles.get(id)}
            isFaint={!selection.stands(id)}
            isHovered={id === hovered}
            isSelected={selection.has(id)}
            isCurrent={id === keys.current}
            onFocus={keys.onFocus}
            {...{ id, left, top, title, selection }}
          />
        ))}
      </g>
    </svg>
  );
}

function told(dimension: IDimension, place: number | null): string {
  if (place === null) {
    return '';
  }
  return dimension.kind === 'category'
    ? (dimension.categories[place] ?? '')
    : factText(place, dimension.column);
}
