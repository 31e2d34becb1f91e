import { WireNumber } from './types';

/** The numbers that a metric is known by. */
export const STATISTICS = ['last', 'best', 'min', 'max'] as const;

export type Statistic = (typeof STATISTICS)[number];

export interface IMetricSummary {
  last: WireNumber;
  /** The least value where the name says that less is better, else the greatest; null without a finite one. */
  best: number | null;
  /** Least finite value; null without any. */
  min: number | null;
  /** Greatest finite value; null without any. */
  max: number | null;
  /** Null where only MLflow knows the points, and its own word on the last one is all there is. */
  count: number | null;
  /** Step of the last point. */
  step: number;
}

/** What is known of very many metrics. */
export interface IManyMetrics {
  /** The same object for runs that have the same. */
  names: IMetricNames;
  /** This number of each metric, in the order of the names; null where it was not asked for. */
  numbers: { statistic: Statistic; values: Float64Array } | null;
}

export interface IMetricNames {
  list: readonly string[];
  /** The place in the list, by name. */
  places: ReadonlyMap<string, number>;
  /** Those of which less is better. */
  less: ReadonlySet<string>;
}
