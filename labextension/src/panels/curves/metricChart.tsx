import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Cursor } from '../../charts/cursor';
import { lessIsBetter } from '../../api/metrics';
import { IRun } from '../../api/types';
import { CurveChart, IMarks } from '../../charts/curveChart';
import { IDrawing } from '../../charts/drawing';
import { Range } from '../../charts/scale';
import { ILine, IPoints } from '../../charts/traces';
import { ChartChoice } from '../../model/choices';
import { CurvesModel } from '../../model/curves';
import { IHint } from '../../model/hints';
import { ISeedGroup } from '../../model/seedGroups';
import { EmptyState } from '../marks/states';
import { useBands } from './bands';
import { useStableLines } from './lines';
import { bestMarks, divergenceRules, turningRules } from './marks';
import { useZoom } from './zoom';

/**
 * One metric among the charts: its lines, or why there are none.
 */
export function MetricChart(props: {
  metric: string;
  lines: readonly ILine[];
  runs: readonly IRun[];
  groups: readonly ISeedGroup[];
  choice: ChartChoice;
  hints: readonly IHint[];
  curves: CurvesModel;
  drawing: IDrawing;
  zoom: Range | null;
  onZoom: (zoom: Range | null) => void;
  cursor: Cursor;
  hasWords: boolean;
  onHide: (runId: string, others: boolean) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { metric, runs, groups, choice, hints, curves, drawing, zoom, trans, ...passed } = props;
  const whole = useStableLines(props.lines);
  const detailed = useZoom(whole, metric, drawing.x, zoom, curves);
  const grouping = choice.group;
  const lines = useStableLines(
    useBands({ lines: detailed, groups, metric, grouping, drawing, zoom, curves })
  );
  const marks = (points: readonly IPoints[], drawn: readonly ILine[]): IMarks => {
    const isLess = lessIsBetter(runs, metric);
    return {
      marks: choice.best && isLess !== undefined ? bestMarks(drawn, points, isLess, trans) : [],
      rules: [
        ...divergenceRules(runs, drawn, points, metric, drawing, trans),
        ...turningRules(hints, drawn, points, metric, drawing, trans)
      ]
    };
  };
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
      <CurveChart {...passed} {...{ metric, lines, drawing, zoom, marks, trans }} />
    </>
  );
}

function reason(metric: string, curves: CurvesModel, trans: TranslationBundle): string {
  if (curves.error) {
    return curves.error.message;
  }
  return curves.isLoading ? trans.__('Loading…') : trans.__('No points of %1 yet', metric);
}
