import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CompareModel } from '../../model/compare';
import { useHovered } from './hovered';
import { ILines, nearestLine } from './nearestLine';
import { fullTitle } from './runName';

/**
 * What lies over lines: it tells which of them the pointer is at, a click of which selects it.
 */
export function PointedLines(props: {
  model: CompareModel;
  lines: ILines;
  width: number;
  height: number;
  children: React.ReactNode;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, lines, width, height, children, trans } = props;
  const { selection } = model;
  const hovered = useHovered(selection);
  const run = hovered === null ? undefined : model.runs.get(hovered);
  const lineAt = (event: React.MouseEvent): string | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const isOnAxis = (event.target as Element).closest('.jp-Runlore-brush') !== null;
    return isOnAxis ? null : nearestLine(lines, event.clientX - box.left, event.clientY - box.top);
  };
  return (
    <div
      className="jp-Runlore-parallel"
      data-is-pointed={run !== undefined}
      style={{ width, height }}
      title={run && fullTitle(model, run, trans)}
      onPointerMove={event => {
        if (event.buttons === 0) {
          selection.hover(lineAt(event));
        }
      }}
      onPointerLeave={() => selection.hover(null)}
      onClick={event => {
        const id = lineAt(event);
        if (id !== null) {
          selection.toggle(id);
        }
      }}
    >
      {children}
    </div>
  );
}

/** The line under the pointer once more, in a layer of its own: the others are not drawn anew. */
export function HoveredLine(props: {
  model: CompareModel;
  paths: ReadonlyMap<string, string>;
  width: number;
  height: number;
}): React.ReactElement {
  const { model, paths, width, height } = props;
  const hovered = useHovered(model.selection);
  const path = hovered === null ? undefined : paths.get(hovered);
  const style = hovered === null ? undefined : model.styles.get(hovered);
  return (
    <svg width={width} height={height} aria-hidden="true">
      {path !== undefined && (
        <path
          className="jp-Runlore-plot-line"
          data-color={style?.color}
          data-dash={style?.dash}
          data-is-hovered="true"
          d={path}
        />
      )}
    </svg>
  );
}
