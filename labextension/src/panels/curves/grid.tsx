import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { metricsOf } from '../../api/metrics';
import { IRun } from '../../api/types';
import { Cursor } from '../../charts/cursor';
import { IDrawing, timeUnit } from '../../charts/drawing';
import { Range } from '../../charts/scale';
import { ILine } from '../../charts/traces';
import { ChartChoice, ChoicesModel, XAxis } from '../../model/choices';
import { IRunStyle } from '../../model/colors';
import { CurvesModel, ICurveRequest } from '../../model/curves';
import { Runlore } from '../../model/runlore';
import { seedGroups } from '../../model/seedGroups';
import { wordMatcher } from '../../model/words';
import { SearchField } from '../marks/searchField';
import { EmptyState } from '../marks/states';
import { CurveControls } from './controls';
import { Hints, MOST_HINTED, useHints } from './hints';
import { useHidden } from './hidden';
import { allDrawn, useInView } from './inView';
import { Legend } from './legend';
import { areSameLines, metricLines } from './lines';
import { openChartsMenu } from './menu';
import { MetricChart } from './metricChart';
import { FIRST, Multiples, useMultiples } from './multiples';

/** Charts that are drawn before it is known which are in view. */
const AT_ONCE = 4;

/** The curves that the charts of these runs show at first. */
export function firstCurves(runs: readonly IRun[]): ICurveRequest {
  return { runs: runs.map(run => run.run_id), metrics: firstOf(runs, metricsOf(runs)) };
}

/** The metrics that are fetched whether they are in view or not: of few runs those that hints are made from. */
function firstOf(runs: readonly IRun[], metrics: readonly string[]): readonly string[] {
  return metrics.slice(0, runs.length > MOST_HINTED ? AT_ONCE : FIRST);
}

/**
 * Properties of the charts of several metrics.
 */
export interface ICurvesGridProps {
  runs: readonly IRun[];
  styles: ReadonlyMap<string, IRunStyle>;
  /** What tells runs of one name apart, by run id. */
  marks?: ReadonlyMap<string, string>;
  /** Of this view alone; whoever made it says when nobody looks any more. */
  curves: CurvesModel;
  host: ICurvesHost;
  /** The horizontal axis where no other says anything; left out where the user chooses. */
  axis?: XAxis;
  /** What stands above a chart, where that is not the metric's name. */
  titleOf?: (metric: string) => string;
  trans: TranslationBundle;
}

/**
 * What the charts keep, and ask for, beyond their own view.
 */
export type ICurvesHost = Pick<Runlore, 'choices' | 'offerCode'>;

/**
 * Small multiples: a chart for every metric of the runs, with one horizontal axis, one cursor and one table of values.
 * Charts are fetched and drawn as they come into view, and the table tells of those.
 */
export function CurvesGrid(props: ICurvesGridProps): React.ReactElement {
  const { runs, styles, marks, curves, host, axis, titleOf, trans } = props;
  const [choice, onChange] = useChoice(host.choices, runs[0]?.experiment ?? '', axis);
  const [search, setSearch] = React.useState('');
  const names = metricsOf(runs);
  const isSought = wordMatcher(search);
  const found = names.filter(name => isSought(`${name} ${titleOf?.(name) ?? ''}`));
  const multiples = useMultiples(found);
  const { shown } = multiples;
  const root = React.useRef<HTMLDivElement>(null);
  const inView = useInView(root, shown, AT_ONCE);
  const [isWhole, setWhole] = React.useState(false);
  const drawn = isWhole ? shown : shown.filter(metric => inView.has(metric));
  const ids = runs.map(run => run.run_id).join('\n');
  const wanted = [...new Set([...firstOf(runs, shown), ...drawn])].join('\n');
  // Asked for while the charts show, and no longer.
  React.useEffect(() => {
    curves.request({ runs: split(ids), metrics: split(wanted) });
  }, [curves, ids, wanted]);
  React.useEffect(() => () => curves.request(null), [curves]);
  const charts = useStable(
    drawn.map(metric => ({
      metric,
      lines: metricLines(runs, metric, curves, styles, trans, marks)
    }))
  );
  const state = useCharts(
    charts.flatMap(chart => chart.lines),
    runs,
    choice
  );
  const { hidden, drawing, cursor } = state;
  const groups = seedGroups(runs);
  const hints = useHints(runs, shown, curves);
  const chartOf = new Map(charts.map(chart => [chart.metric, chart.lines]));
  // Many rows for many charts: rendered when the charts are.
  const told = React.useDeferredValue(charts);
  if (names.length === 0) {
    return <EmptyState title={trans.__('No metric logged')} />;
  }
  return (
    <div className="jp-Runlore-grid">
      <CurveControls
        {...{ choice, onChange, trans }}
        isAxisFixed={axis !== undefined}
        hasEpochs={charts.some(({ lines }) => lines.some(line => line.curve.epoch))}
        onMenu={button => {
          if (root.current) {
            const onCode = (code: string): void => host.offerCode(code);
            const node = root.current;
            const whole = async (work: () => Promise<string>): Promise<string> => {
              setWhole(true);
              try {
                await allDrawn(node, () => curves.isLoading);
                return await work();
              } finally {
                setWhole(false);
              }
            };
            const about = { runs, metrics: shown, styles, marks, curves, whole };
            openChartsMenu(button, node, { ...about, choice, onChange, onCode, trans });
          }
        }}
      />
      <Hints {...{ hints, runs, curves, trans }} />
      {names.length > FIRST && (
        <SearchField
          label={trans.__('Find metrics')}
          value={search}
          onChange={setSearch}
          status={trans.__('%1 of %2 metrics', found.length, names.length)}
        />
      )}
      {isWhole && (
        <p role="status" className="jp-Runlore-faint">
          {trans.__('Drawing all charts for the picture…')}
        </p>
      )}
      {found.length === 0 && <EmptyState title={trans.__('No metric has these words')} />}
      <div ref={root}>
        <Multiples
          {...{ multiples, titleOf, trans }}
          render={metric => {
            const lines = chartOf.get(metric);
            return lines ? (
              <MetricChart
                {...{ metric, runs, groups, choice, hints, curves, drawing, cursor, trans }}
                lines={lines.filter(line => !hidden.has(line.curve.runId))}
                zoom={state.zoom}
                onZoom={state.setZoom}
                hasWords={false}
                onHide={hidden.toggle}
              />
            ) : null;
          }}
        />
      </div>
      <Legend
        {...{ drawing, cursor, hidden, titleOf, trans }}
        charts={told}
        groups={choice.group === 'none' ? [] : groups}
      />
    </div>
  );
}

/** How the curves of an experiment are looked at, and how to change it; with this axis where there is one. */
function useChoice(
  choices: ChoicesModel,
  experiment: string,
  axis: XAxis | undefined
): [ChartChoice, (change: Partial<ChartChoice>) => void] {
  const subscribe = React.useCallback(
    (notify: () => void) => {
      choices.changed.connect(notify);
      return () => void choices.changed.disconnect(notify);
    },
    [choices]
  );
  const kept = React.useSyncExternalStore(subscribe, () => choices.get(experiment));
  const choice = React.useMemo(() => (axis ? { ...kept, x: axis } : kept), [kept, axis]);
  return [choice, change => choices.update(experiment, change)];
}

function split(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

interface ICharts {
  drawing: IDrawing;
  cursor: Cursor;
  zoom: Range | null;
  setZoom: (zoom: Range | null) => void;
  hidden: ReturnType<typeof useHidden>;
}

/** What charts side by side share: how they are drawn, what is looked at, what is pointed at, what is hidden. */
export function useCharts(
  lines: readonly ILine[],
  runs: readonly IRun[],
  choice: ChartChoice
): ICharts {
  const { x, log, smoothing } = choice;
  const logX = choice.logX && x !== 'wall';
  const { seconds, name } = timeUnit(lines);
  const unit = x === 'time' ? seconds : 1;
  const drawing = React.useMemo<IDrawing>(
    () => ({ x, logX, log, smoothing, unit, unitName: name }),
    [x, logX, log, smoothing, unit, name]
  );
  const [cursor] = React.useState(() => new Cursor());
  const [zoom, setZoom] = React.useState<{ x: string; range: Range } | null>(null);
  const onZoom = React.useCallback(
    (range: Range | null) => {
      setZoom(range && { x, range });
    },
    [x]
  );
  return {
    drawing,
    cursor,
    // A part of one axis is none of another.
    zoom: zoom?.x === x ? zoom.range : null,
    setZoom: onZoom,
    hidden: useHidden(runs.map(run => run.run_id))
  };
}

type Chart = { metric: string; lines: readonly ILine[] };

/** The same charts as before while none of their curves has changed. */
function useStable(charts: readonly Chart[]): readonly Chart[] {
  const [stable, setStable] = React.useState(charts);
  const isSame =
    stable.length === charts.length &&
    charts.every(({ metric, lines }, at) => {
      const old = stable[at];
      return old?.metric === metric && areSameLines(old.lines, lines);
    });
  if (isSame) {
    return stable;
  }
  setStable(charts);
  return charts;
}
