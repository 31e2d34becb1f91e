import { PanelWithToolbar } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { expectCharts } from '../../charts/plotly';
import { Runlore } from '../../model/runlore';
import { metricPairs } from '../../model/hints';
import { currentView, IView } from '../../model/view';
import { VisibleWidget } from '../visible';
import { MOST_HINTED } from './hints';
import { CurvesView } from './view';

/**
 * The section of the sidebar with the curves of the shown runs.
 */
export class CurvesSection extends PanelWithToolbar {
  constructor(runlore: Runlore, trans: TranslationBundle) {
    super();
    this.addClass('jp-Runlore-curves');
    this.title.label = trans.__('Curves');
    this.addWidget(new CurvesBody(runlore, trans));
  }
}

class CurvesBody extends VisibleWidget {
  constructor(
    private readonly _runlore: Runlore,
    private readonly _trans: TranslationBundle
  ) {
    const { runs, selection, choices, curves, preferences } = _runlore;
    super([runs.changed, selection.changed, choices.changed, curves.changed, preferences.changed]);
    this.addClass('jp-Runlore-curvesBody');
  }

  protected override onAppear(): void {
    super.onAppear();
    expectCharts();
  }

  protected override onVanish(): void {
    super.onVanish();
    this._runlore.curves.request(null);
  }

  protected override render(): React.ReactElement {
    const { runs, choices, curves } = this._runlore;
    const view = currentView(this._runlore);
    if (this.isVisible) {
      curves.request({ runs: view.runs.map(run => run.run_id), metrics: wantedMetrics(view) });
    }
    return (
      <CurvesView
        view={view}
        curves={curves}
        isEmpty={runs.list.length === 0}
        onChange={change => choices.update(view.experiment, change)}
        onCode={code => this._runlore.offerCode(code)}
        trans={this._trans}
      />
    );
  }
}

/** The metrics in view, and of few runs those that belong to them: a hint needs both training and validation. */
function wantedMetrics({ runs, charts, metrics }: IView): string[] {
  const pairs = runs.length > MOST_HINTED ? [] : metricPairs(metrics);
  const needed = pairs.filter(pair => pair.some(name => charts.includes(name)));
  return [...new Set([...charts, ...needed.flat()])];
}
