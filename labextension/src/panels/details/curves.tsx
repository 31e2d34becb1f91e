import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { CurveChart } from '../../charts/curveChart';
import { CurvesModel } from '../../model/curves';
import { IRunStyle } from '../../model/colors';
import { useStableLines } from '../curves/view';
import { useZoom } from '../curves/zoom';
import { EmptyState } from '../marks/states';

/** Charts shown before the user asks for more. */
const FIRST = 12;

/**
 * Every metric of the run, a small chart each.
 */
export function Curves(props: {
  run: IRun;
  curves: CurvesModel;
  style: IRunStyle;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, curves, style, trans } = props;
  const [count, setCount] = React.useState(FIRST);
  const names = Object.keys(run.metrics);
  const shown = names.slice(0, count);
  const wanted = shown.join('\n');
  // Asked for while this tab shows, and no longer.
  React.useEffect(() => {
    curves.request({ runs: [run.run_id], metrics: wanted === '' ? [] : wanted.split('\n') });
    return () => curves.request(null);
  }, [curves, run.run_id, wanted]);
  if (names.length === 0) {
    return <EmptyState title={trans.__('No metric logged')} />;
  }
  return (
    <>
      <div className="jp-Runlore-multiples">
        {shown.map(metric => (
          <MetricChart key={metric} {...{ run, metric, curves, style, trans }} />
        ))}
      </div>
      {names.length > count && (
        <button className="jp-mod-styled" onClick={() => setCount(count + FIRST)}>
          {trans.__('Show more (%1 of %2)', shown.length, names.length)}
        </button>
      )}
    </>
  );
}

function MetricChart(props: {
  run: IRun;
  metric: string;
  curves: CurvesModel;
  style: IRunStyle;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, metric, curves, style, trans } = props;
  const curve = curves.get(run.run_id, metric);
  const whole = useStableLines(
    curve ? [{ curve, style, name: '', mark: '', started: run.started }] : []
  );
  const { lines, onZoom } = useZoom(whole, metric, 'step', curves);
  return (
    <figure className="jp-Runlore-multiple">
      <figcaption>{metric}</figcaption>
      {curve && !curve.missing ? (
        <CurveChart {...{ metric, lines, onZoom, trans }} x="step" log={false} smoothing={0} />
      ) : (
        <EmptyState title={curve?.missing ?? curves.error?.message ?? trans.__('Loading…')} />
      )}
    </figure>
  );
}
