import { ITypedArray } from './curveTypes';
import { decodeFloats, decodeNumber } from './numbers';
import { IMetricNames, Statistic } from './metricTypes';
import { IRun, IRunPage } from './types';

/** A run as it is sent: the names of very many metrics are those of its page. */
type IWireRun = Omit<IRun, 'many'> & { names?: number; values?: ITypedArray };

/** A page of runs as it is sent. */
export type IWireRunPage = Omit<IRunPage, 'runs'> & {
  runs: IWireRun[];
  names?: { metrics: string[]; less: boolean[] }[];
};

/**
 * The page with what its runs refer to in its place.
 *
 * @param statistic - The number that was asked for of each metric.
 */
export function decodePage(page: IWireRunPage, statistic?: Statistic): IRunPage {
  const { runs, names = [], ...rest } = page;
  const lists = names.map(({ metrics, less }): IMetricNames => ({
    list: metrics,
    places: new Map(metrics.map((name, place) => [name, place])),
    less: new Set(metrics.filter((_, place) => less[place]))
  }));
  return {
    ...rest,
    runs: runs.map(({ names: at, values, ...run }): IRun => {
      const list = at === undefined ? undefined : lists[at];
      if (!list) {
        return run;
      }
      const numbers = values && statistic ? { statistic, values: decodeFloats(values) } : null;
      return { ...run, many: { names: list, numbers } };
    })
  };
}

/** The names of the metrics of a run, in their order. */
export function metricNames(run: IRun): readonly string[] {
  return run.many?.names.list ?? Object.keys(run.metrics);
}

/** The names of the metrics that the runs have, in the order in which they appear. */
export function metricsOf(runs: readonly IRun[]): string[] {
  // Runs that share a list of a thousand names are many.
  return [...new Set([...new Set(runs.map(metricNames))].flat())];
}

/** A number of a metric of the run; null where there is none, or it was not asked for. */
export function metricNumber(run: IRun, metric: string, statistic: Statistic): number | null {
  const value = run.metrics[metric]?.[statistic];
  if (value !== undefined && value !== null) {
    return decodeNumber(value);
  }
  const { names, numbers } = run.many ?? {};
  const place = names?.places.get(metric);
  if (numbers?.statistic !== statistic || place === undefined) {
    return null;
  }
  const number = numbers.values[place] ?? NaN;
  // The last value may be none; the others are of finite ones.
  return Number.isNaN(number) && statistic !== 'last' ? null : number;
}

/** Whether less is better, as the server says; undefined where no run tells. */
export function lessIsBetter(runs: readonly IRun[], metric: string): boolean | undefined {
  for (const run of runs) {
    if (run.many?.names.places.has(metric)) {
      return run.many.names.less.has(metric);
    }
    const { best, min, max } = run.metrics[metric] ?? {};
    if (best !== undefined && best !== null && min !== max) {
      return best === min;
    }
  }
  return undefined;
}
