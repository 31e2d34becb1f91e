import { metricNames, metricsOf } from '../api/metrics';
import { IRun } from '../api/types';
import { ChartChoice, mainMetric } from './choices';
import { IRunStyle } from './colors';
import { Runlore } from './runlore';

/** Where no run is shown, the metrics of this many newest runs can be chosen. */
const NEWEST = 20;

/**
 * What chart and list show together.
 */
export interface IView {
  /** Whose chart choices apply: the experiment of the run that leads. */
  experiment: string;
  choice: ChartChoice;
  /** The runs in the chart. */
  runs: readonly IRun[];
  styles: ReadonlyMap<string, IRunStyle>;
  /** The metrics that can be chosen. */
  metrics: readonly string[];
  /** The one in the chart and the list; null where no run has any. */
  metric: string | null;
  /** The metrics of the charts: that one, or all of them. */
  charts: readonly string[];
}

/** Charts below one another at the most: the sidebar is no place for more. */
const MOST_CHARTS = 12;

/** What to show now. */
export function currentView(runlore: Runlore): IView {
  const { runs, selection, choices, colors, preferences } = runlore;
  // Drawn in this order, so that a rerun lies over its original.
  const shown = selection.shown
    .flatMap(id => runs.get(id) ?? [])
    .sort((a, b) => a.started - b.started);
  const source = shown.length > 0 ? shown : runs.list.slice(0, NEWEST);
  const leader = leadingRun(source);
  const experiment = leader?.experiment ?? '';
  const choice = choices.get(experiment);
  const styles = colors.styles(shown.map(run => run.run_id));
  const metrics = metricsOf(source);
  const isChosen = choice.metric !== null && metrics.includes(choice.metric);
  const candidates = isChosen ? metrics : leader ? metricNames(leader) : [];
  const metric = mainMetric(candidates, choice.metric, preferences.metric);
  return {
    experiment,
    choice,
    runs: shown,
    styles: new Map(shown.map(run => [run.run_id, runStyle(run, styles)])),
    metrics,
    metric,
    charts: metric === null ? [] : choice.all ? metrics.slice(0, MOST_CHARTS) : [metric]
  };
}

// The run whose metric is shown until the user chooses one: the newest that moves; without one, the newest
// that has anything to show. One that has just started leads from its first point on.
function leadingRun(runs: readonly IRun[]): IRun | undefined {
  const rank = (run: IRun): number =>
    metricNames(run).length === 0 ? 0 : run.status === 'running' ? 2 : 1;
  return [...runs].sort((a, b) => rank(b) - rank(a) || b.started - a.started)[0];
}

// A rerun that came out the same lies on its original: dashes let both be seen.
function runStyle(run: IRun, styles: ReadonlyMap<string, IRunStyle>): IRunStyle {
  const { color, dash } = styles.get(run.run_id) ?? { color: 0, dash: 'solid' };
  const isOnOriginal = run.rerun_of !== null && styles.has(run.rerun_of) && dash === 'solid';
  return { color, dash: isOnOriginal ? 'dash' : dash };
}
