import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CurveChart } from '../../charts/curveChart';
import { ILine } from '../../charts/traces';
import { ChartChoice } from '../../model/choices';
import { CurvesModel } from '../../model/curves';
import { IView } from '../../model/view';
import { rerunMark } from '../marks/name';
import { EmptyState } from '../marks/states';
import { CurveControls } from './controls';
import { useZoom } from './zoom';

/**
 * The chart of the shown runs with its controls.
 */
export function CurvesView(props: {
  view: IView;
  curves: CurvesModel;
  /** Whether any run is there to be shown. */
  isEmpty: boolean;
  onChange: (change: Partial<ChartChoice>) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { view, curves, isEmpty, onChange, trans } = props;
  const { choice, metric, metrics } = view;
  const zoom = useZoom(useStableLines(viewLines(view, curves, trans)), metric, choice.x, curves);
  const { lines } = zoom;
  const absent = lines.flatMap(({ curve }) => curve.missing ?? []);
  return (
    <>
      {metric !== null && <CurveControls {...{ metrics, metric, choice, onChange, trans }} />}
      {absent.length > 0 && absent.length < lines.length && (
        <p role="status" className="jp-Runlore-faint">
          {trans.__('%1 of %2 curves: %3', absent.length, lines.length, absent[0])}
        </p>
      )}
      {metric !== null && lines.length > absent.length ? (
        <CurveChart
          {...{ metric, lines, trans }}
          x={choice.x}
          log={choice.log}
          smoothing={choice.smoothing}
          onZoom={zoom.onZoom}
        />
      ) : (
        <EmptyState title={isEmpty ? '' : (absent[0] ?? reason(view, curves, trans))} />
      )}
    </>
  );
}

function viewLines(view: IView, curves: CurvesModel, trans: TranslationBundle): ILine[] {
  return view.runs.flatMap(run => {
    const curve = view.metric === null ? undefined : curves.get(run.run_id, view.metric);
    const style = view.styles.get(run.run_id);
    const mark = rerunMark(run, trans);
    return curve && style ? [{ curve, style, name: run.name, mark, started: run.started }] : [];
  });
}

/** The same array as before while nothing in it has changed, so that charts are drawn for a reason only. */
export function useStableLines(lines: readonly ILine[]): readonly ILine[] {
  const [stable, setStable] = React.useState(lines);
  if (areSame(stable, lines)) {
    return stable;
  }
  setStable(lines);
  return lines;
}

function areSame(before: readonly ILine[], after: readonly ILine[]): boolean {
  return (
    before.length === after.length &&
    after.every((line, index) => {
      const old = before[index];
      return (
        old?.curve === line.curve &&
        old.name === line.name &&
        old.mark === line.mark &&
        old.style.color === line.style.color &&
        old.style.dash === line.style.dash
      );
    })
  );
}

function reason(view: IView, curves: CurvesModel, trans: TranslationBundle): string {
  if (view.runs.length === 0) {
    return trans.__('Click a run to see its curve');
  }
  if (view.metric === null) {
    return trans.__('No metric logged yet');
  }
  if (curves.error) {
    return curves.error.message;
  }
  return curves.isLoading ? trans.__('Loading…') : trans.__('No points of %1 yet', view.metric);
}
