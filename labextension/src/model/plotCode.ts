import { IRun } from '../api/types';
import { ChartChoice } from './choices';

/**
 * Python that draws what the charts show with plotly, from `runlore.curves`: a cell that runs as it is.
 *
 * @param runs - In the order of the legend.
 * @param metrics - A chart each.
 */
export function plotCode(
  runs: readonly IRun[],
  metrics: readonly string[],
  choice: ChartChoice
): string {
  const entries = runs.map(run => `    ${python(run.run_id)}: ${python(title(run))},`);
  const isTime = choice.x === 'time' || choice.x === 'wall';
  const x = isTime ? 'time' : 'step';
  const smoothed = 'curve["value"].ewm(alpha=1 - smoothing).mean()';
  return [
    'import plotly.express as px',
    'import plotly.graph_objects as go',
    'from plotly.subplots import make_subplots',
    '',
    'import runlore',
    '',
    'runs = {',
    ...entries,
    '}',
    `metrics = [${metrics.map(python).join(', ')}]`,
    ...(choice.smoothing > 0 ? [`smoothing = ${choice.smoothing}`] : []),
    'points = runlore.curves(list(runs), metrics, points=2000)',
    'colors = px.colors.qualitative.Safe',
    'figure = make_subplots(rows=len(metrics), subplot_titles=metrics)',
    'for row, metric in enumerate(metrics, 1):',
    '    for number, (run_id, name) in enumerate(runs.items()):',
    '        curve = points[(points["run_id"] == run_id) & (points["metric"] == metric)]',
    ...(choice.x === 'time'
      ? ['        x = (curve["time"] - curve["time"].min()).dt.total_seconds()']
      : [`        x = curve["${x}"]`]),
    `        y = ${choice.smoothing > 0 ? smoothed : 'curve["value"]'}`,
    '        line = {"color": colors[number % len(colors)]}',
    '        shown = {"name": name, "legendgroup": run_id, "showlegend": row == 1}',
    '        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, **shown), row=row, col=1)',
    ...(choice.logX && choice.x !== 'wall' ? ['figure.update_xaxes(type="log")'] : []),
    ...(choice.log ? ['figure.update_yaxes(type="log")'] : []),
    'figure.update_layout(height=320 * len(metrics), hovermode="x unified")',
    'figure',
    ''
  ].join('\n');
}

function title(run: IRun): string {
  return run.rerun_of === null ? run.name : `${run.name} (rerun)`;
}

/** A string literal of Python: JSON's, which Python reads alike but for line separators, which are none there. */
function python(text: string): string {
  return JSON.stringify(text);
}
