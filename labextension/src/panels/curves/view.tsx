import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ILine } from '../../charts/traces';
import { ChartChoice } from '../../model/choices';
import { nameMarks } from '../../model/compareNames';
import { CurvesModel } from '../../model/curves';
import { seedGroups } from '../../model/seedGroups';
import { IView } from '../../model/view';
import { EmptyState } from '../marks/states';
import { CurveControls } from './controls';
import { useCharts } from './grid';
import { Hints, useHints } from './hints';
import { metricLines } from './lines';
import { openChartsMenu } from './menu';
import { MetricChart } from './metricChart';

/**
 * The charts of the shown runs in the sidebar, with their controls: one metric, or all below one another.
 */
export function CurvesView(props: {
  view: IView;
  curves: CurvesModel;
  /** Whether any run is there to be shown. */
  isEmpty: boolean;
  onChange: (change: Partial<ChartChoice>) => void;
  /** Takes code for a cell. */
  onCode: (code: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { view, curves, isEmpty, onChange, onCode, trans } = props;
  const { choice, metric, metrics, runs, styles } = view;
  const marks = nameMarks(runs, []); // parameters would be too long here
  const charts = view.charts.map(name => ({
    metric: name,
    lines: briefly(metricLines(runs, name, curves, styles, trans), marks)
  }));
  const lines = charts.flatMap(chart => chart.lines);
  const { drawing, cursor, zoom, setZoom, hidden } = useCharts(lines, runs, choice);
  const groups = seedGroups(runs);
  const hints = useHints(runs, metrics, curves);
  const root = React.useRef<HTMLDivElement>(null);
  if (metric === null) {
    return <EmptyState title={isEmpty ? '' : reason(view, trans)} />;
  }
  return (
    <>
      <CurveControls
        {...{ metrics, metric, choice, onChange, trans }}
        hasEpochs={lines.some(line => line.curve.epoch)}
        onMenu={button => {
          if (root.current) {
            const about = { runs, metrics: view.charts, styles, marks, curves };
            openChartsMenu(button, root.current, { ...about, choice, onChange, onCode, trans });
          }
        }}
      />
      {hidden.count > 0 && (
        <p className="jp-Runlore-hiddenLines" role="status">
          {trans._n('%1 line hidden', '%1 lines hidden', hidden.count)}{' '}
          <button className="jp-Runlore-link" onClick={hidden.showAll}>
            {trans.__('Show')}
          </button>
        </p>
      )}
      {runs.length === 0 ? (
        <EmptyState title={reason(view, trans)} />
      ) : (
        <div ref={root} className={'jp-Runlore-charts' + (charts.length > 1 ? ' jp-mod-many' : '')}>
          {charts.map(chart => (
            <figure key={chart.metric} className="jp-Runlore-charts-item">
              {charts.length > 1 && <figcaption>{chart.metric}</figcaption>}
              <MetricChart
                {...{
                  metric: chart.metric,
                  runs,
                  groups,
                  choice,
                  hints,
                  curves,
                  drawing,
                  zoom,
                  cursor,
                  trans
                }}
                lines={chart.lines.filter(line => !hidden.has(line.curve.runId))}
                onZoom={setZoom}
                hasWords
                onHide={hidden.toggle}
              />
            </figure>
          ))}
        </div>
      )}
      <Hints {...{ hints, runs, curves, trans }} />
    </>
  );
}

/** The lines with what tells runs of one name apart: there is no room to call them reruns besides. */
function briefly(lines: readonly ILine[], marks: ReadonlyMap<string, string>): ILine[] {
  return lines.map(line => ({ ...line, mark: marks.get(line.curve.runId) ?? line.mark }));
}

function reason(view: IView, trans: TranslationBundle): string {
  return view.runs.length === 0
    ? trans.__('Click a run to see its curve')
    : trans.__('No metric logged yet');
}
