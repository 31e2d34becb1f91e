import { Connection } from './connection';
import { RunSelection, WireNumber } from './types';

/** Something that differs, by its name; null where a run does not have it. */
export interface IDifference {
  name: string;
  a: unknown;
  b: unknown;
}

export interface ICellDifference {
  status: 'same' | 'changed' | 'only a' | 'only b';
  /** Ordinals. */
  a: number | null;
  b: number | null;
  of_run: boolean;
  /** Unified; empty for equal cells. */
  diff: string;
}

export interface IOutputsDifference {
  /** `unknown` where what a side showed is lost. */
  status: 'same' | 'changed' | 'only a' | 'only b' | 'unknown';
  a: number | null;
  b: number | null;
}

export interface IMetricDifference {
  metric: string;
  /** How many points a and b have. */
  points: [number, number];
  /** Of the first point that differs; null where none does. */
  step: number | null;
  /** The values there. */
  a: WireNumber | null;
  b: WireNumber | null;
  last: [WireNumber | null, WireNumber | null];
}

/** What differs between runs a and b; equal things are left out, but for cells, outputs and metrics. */
export interface IRunDiff {
  a: string;
  b: string;
  same: boolean;
  outcome: IDifference[];
  cells: ICellDifference[];
  outputs: IOutputsDifference[];
  modules: IDifference[];
  parameters: IDifference[];
  environment: IDifference[];
  hardware: IDifference[];
  data: IDifference[];
  random: IDifference[];
  artifacts: IDifference[];
  metrics: IMetricDifference[];
  /** The metric that was the first to part. */
  diverging: string | null;
  /** What could not be compared, and why. */
  unknown: string[];
}

/** A parameter in which runs differ, and how much of a metric hangs on it. */
export interface IWeightedParameter {
  name: string;
  /** Parameters that always changed together with it. */
  together: string[];
  /** The part of the variance, 1 being all, and its standard error. */
  importance: number;
  spread: number;
  /** The rank correlation with the metric, from -1 to 1, and its p value; null for texts. */
  direction: number | null;
  chance: number | null;
}

/** Which parameters matter for a metric, or why none is told. */
export interface IImportance {
  /** From how many runs this was concluded. */
  runs: number;
  /** Runs left out: without a finite value of the metric, and those that have not ended. */
  lacking: number;
  running: number;
  /** Runs that it takes to say anything. */
  needed: number;
  unsaid: 'too few runs' | 'no parameter differs' | 'all alike' | 'unexplained' | null;
  /** The part of the variance that the parameters predict; null where nothing was computed. */
  explained: number | null;
  evaluator: string;
  /** The greatest importance first. */
  parameters: IWeightedParameter[];
}

/** Of which runs, and of which number of which metric the importance is asked. */
export interface IImportanceQuestion {
  select: RunSelection;
  metric: string;
  statistic: 'last' | 'best' | 'min' | 'max';
}

/**
 * What runs have in common and what not: the part of the REST interface that a comparison alone asks.
 */
export class ComparisonClient {
  constructor(private readonly _connection: Connection) {}

  /** What differs between two runs. */
  diff(a: string, b: string): Promise<IRunDiff> {
    const [one, other] = [a, b].map(encodeURIComponent);
    return this._connection.request('GET', `runs/${one}/diff/${other}`);
  }

  /** Which parameters matter for a metric. */
  importance(question: IImportanceQuestion): Promise<IImportance> {
    return this._connection.request('POST', 'importance', question);
  }
}
