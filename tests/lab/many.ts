import { IWireRunPage } from '../../labextension/src/api/metrics';
import { IMetricSummary, Statistic } from '../../labextension/src/api/metricTypes';
import { IRun } from '../../labextension/src/api/types';
import { someRun, someSummary, wireFloats } from './runs';

/** More metrics than a run is told in full with. */
const MANY = 50;

/** A run with metrics `m0` and on, whose last values begin with this one. */
export function wideRun(change: Partial<IRun>, first: number, count = 1000): IRun {
  const metrics = Array.from({ length: count }, (_, at): [string, IMetricSummary] => [
    `m${at}`,
    someSummary({ last: first + at, min: at, best: at, max: 2 * at })
  ]);
  return someRun({ ...change, metrics: Object.fromEntries(metrics) });
}

/** What the server tells of runs with very many metrics. */
export function narrowed(
  runs: readonly IRun[],
  metrics: readonly string[],
  statistic: Statistic | null
): Pick<IWireRunPage, 'runs' | 'names'> {
  const lists: string[][] = [];
  const told = runs.map(run => {
    const names = Object.keys(run.metrics);
    if (names.length <= MANY || (metrics.length === 0 && statistic === null)) {
      return run;
    }
    const same = lists.findIndex(list => list.join() === names.join());
    const place = same < 0 ? lists.push(names) - 1 : same;
    const asked = Object.entries(run.metrics).filter(([name]) => metrics.includes(name));
    const number = ({ [statistic ?? 'last']: value }: IMetricSummary): number => Number(value);
    return {
      ...run,
      metrics: Object.fromEntries(asked),
      names: place,
      ...(statistic && { values: wireFloats(Object.values(run.metrics).map(number)) })
    };
  });
  return {
    runs: told,
    names: lists.map(list => ({ metrics: list, less: list.map(name => name.includes('loss')) }))
  };
}
