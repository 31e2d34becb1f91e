import { IJobRequest } from './rerunTypes';

/**
 * The shapes of `openapi.yaml` that sweeps have to do with.
 */

export type SweepState = 'waiting' | 'running' | 'stopped' | 'finished' | 'failed';

export type TrialState = 'waiting' | 'running' | 'complete' | 'pruned' | 'failed';

/** What is asked of a sweep; what is left out is as the server has it by default. */
export interface ISweepRequest extends Omit<IJobRequest, 'after' | 'seeds'> {
  /** Parameter to what it may be. */
  parameters: Record<string, unknown>;
  metric: string;
  conditions?: string[];
  direction?: 'minimize' | 'maximize';
  reading?: string;
  sampler?: string;
  pruner?: string;
  trials?: number | null;
  seconds?: number | null;
  jobs?: number;
  seeds?: number;
  /** What several seeds of a point come to. */
  center?: string;
  /** Members of a population. */
  population?: number;
  least_steps?: number;
  most_steps?: number;
  sampler_seed?: number;
  name?: string;
}

/** What a sweep would come to. */
export interface ISweepCheck {
  /** Null for endlessly many. */
  points: number | null;
  trials: number | null;
  /** Of the metric in the run. */
  steps: number | null;
  dimensions: string[];
  fixed: Record<string, string>;
}

export interface ITrial {
  number: number;
  state: TrialState;
  parameters: Record<string, unknown>;
  value: number | null;
  /** One for each seed. */
  runs: string[];
  step: number | null;
  latest: number | null;
  started: number | null;
  ended: number | null;
  /** Why it came to no value. */
  why: string | null;
  /** The step at which it was told to end for what it had come to. */
  pruned_at: number | null;
}

export interface ISweep {
  sweep_id: string;
  created: number;
  request: ISweepRequest;
  wish: 'run' | 'stop';
  state: SweepState;
  counts: Partial<Record<TrialState, number>>;
  best: ITrial | null;
  /** Seconds of work. */
  spent: number;
  phase: string | null;
  error: string | null;
}

export interface ISweepDetail extends ISweep {
  trials: ITrial[];
}

/** A plot as plotly takes it. */
export interface IPlot {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
}

/** What a sweep can be asked, as the server's own document lists it. */
export interface ISweepChoices {
  sampler: string[];
  pruner: string[];
  reading: string[];
  center: string[];
}
