import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Cursor } from '../../charts/cursor';
import { CurveChart } from '../../charts/curveChart';
import { IDrawing } from '../../charts/drawing';
import { Range } from '../../charts/scale';
import { ILine } from '../../charts/traces';
import { CurvesModel } from '../../model/curves';
import { EmptyState } from '../marks/states';
import { useStableLines } from './lines';
import { useZoom } from './zoom';

/**
 * One metric among the charts: its lines, or why there are none.
 */
export function MetricChart(props: {
  metric: string;
  lines: readonly ILine[];
  curves: CurvesModel;
  drawing: IDrawing;
  zoom: Range | null;
  onZoom: (zoom: Range | null) => void;
  cursor: Cursor;
  hasWords: boolean;
  onHide: (runId: string, others: boolean) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { metric, curves, drawing, zoom, trans, ...passed } = props;
  const whole = useStableLines(props.lines);
  const lines = useZoom(whole, metric, drawing.x, zoom, curves);
  const absent = lines.flatMap(({ curve }) => curve.missing ?? []);
  if (lines.length <= absent.length) {
    return <EmptyState title={absent[0] ?? reason(metric, curves, trans)} />;
  }
  return (
    <>
      {absent.length > 0 && (
        <p role="status" className="jp-Runlore-faint">
          {trans.__('%1 of %2 curves: %3', absent.length, lines.length, absent[0])}
        </p>
      )}
      <CurveChart {...passed} {...{ metric, lines, drawing, zoom, trans }} />
    </>
  );
}

function reason(metric: string, curves: CurvesModel, trans: TranslationBundle): string {
  if (curves.error) {
    return curves.error.message;
  }
  return curves.isLoading ? trans.__('Loading…') : trans.__('No points of %1 yet', metric);
}
