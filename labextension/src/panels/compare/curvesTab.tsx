import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CurveChart } from '../../charts/curveChart';
import { CompareModel } from '../../model/compare';
import { CurvesModel } from '../../model/curves';
import { useStableLines } from '../curves/view';
import { useZoom } from '../curves/zoom';
import { rerunMark } from '../marks/name';
import { EmptyState } from '../marks/states';

/** Charts shown before the user asks for more. */
const FIRST = 12;

/**
 * A chart for every metric, with the curves of the selected runs, or of all.
 */
export function CurvesTab(props: {
  model: CompareModel;
  curves: CurvesModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, curves, trans } = props;
  const [count, setCount] = React.useState(FIRST);
  const { drawn } = model;
  const metrics = [...new Set(drawn.flatMap(run => Object.keys(run.metrics)))];
  const shown = metrics.slice(0, count);
  const wanted = JSON.stringify([drawn.map(run => run.run_id), shown]);
  // Asked for while this tab shows, and no longer.
  React.useEffect(() => {
    const [runs, metrics] = JSON.parse(wanted) as [string[], string[]];
    curves.request({ runs, metrics });
    return () => curves.request(null);
  }, [curves, wanted]);
  if (metrics.length === 0) {
    return <EmptyState title={trans.__('No metric logged')} />;
  }
  return (
    <>
      <div className="jp-Runlore-multiples">
        {shown.map(metric => (
          <MetricChart key={metric} {...{ model, curves, metric, trans }} />
        ))}
      </div>
      {metrics.length > count && (
        <button className="jp-mod-styled" onClick={() => setCount(count + FIRST)}>
          {trans.__('Show more (%1 of %2)', shown.length, metrics.length)}
        </button>
      )}
    </>
  );
}

function MetricChart(props: {
  model: CompareModel;
  curves: CurvesModel;
  metric: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, curves, metric, trans } = props;
  const whole = useStableLines(
    model.drawn.flatMap(run => {
      const curve = curves.get(run.run_id, metric);
      const style = model.styles.get(run.run_id);
      const mark = rerunMark(run, trans);
      return curve && style ? [{ curve, style, name: run.name, mark, started: run.started }] : [];
    })
  );
  const { lines, onZoom } = useZoom(whole, metric, 'step', curves);
  return (
    <figure className="jp-Runlore-multiple">
      <figcaption>{metric}</figcaption>
      {lines.length > 0 ? (
        <CurveChart {...{ metric, lines, onZoom, trans }} x="step" log={false} smoothing={0} />
      ) : (
        <EmptyState title={curves.error?.message ?? trans.__('Loading…')} />
      )}
    </figure>
  );
}
