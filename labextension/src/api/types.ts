/**
 * The shapes of `openapi.yaml`. Times are Unix seconds, durations seconds.
 */

import { IManyMetrics, IMetricSummary } from './metricTypes';
import { IModel, IModelVersion } from './models';

/** A number; the words stand for what JSON cannot say. */
export type WireNumber = number | 'NaN' | 'Infinity' | '-Infinity';

export type RunStatus = 'running' | 'finished' | 'failed' | 'interrupted' | 'killed';

export type VerdictWord =
  | 'BIT-EXACT'
  | 'NUMERICALLY CLOSE'
  | 'STATISTICALLY CONSISTENT'
  | 'STATISTICALLY EQUIVALENT'
  | 'DIVERGED'
  | 'FAILED'
  | 'UNVERIFIABLE';

export type JobState = 'queued' | 'running' | 'stopping' | 'succeeded' | 'failed' | 'cancelled';

export type CellOutcome = 'ok' | 'error' | 'interrupted' | 'unknown';

export type ParamSource = 'literal' | 'option' | 'user';

export interface IDivergence {
  metric: string;
  step: number;
  original: WireNumber | null;
  rerun: WireNumber | null;
}

export interface IVerdict {
  verdict: VerdictWord;
  /** One sentence or two. */
  reason: string;
  /** Points compared. */
  compared: number;
  divergence?: IDivergence | null;
  /** What explains the difference, the first true cause first. */
  causes?: string[];
  /** From code to what nothing controls; empty where everything is the same. */
  ladder?: IRung[];
  /** Outputs, artifacts and files that differ. */
  differs?: string[];
  /** What was compared besides the points. */
  checked?: string[];
  /** What differed in outputs and was set aside. */
  masked?: string[];
  /** The parameters that were given other values. */
  changed?: string[];
}

/** One step of the why-ladder. */
export interface IRung {
  rung:
    | 'code'
    | 'environment'
    | 'data'
    | 'random state'
    | 'threads and hardware'
    | 'variables'
    | 'uncontrolled';
  status: 'same' | 'differs' | 'not recorded';
  /** What was seen, a sentence each. */
  evidence: string[];
}

export interface IRun {
  run_id: string;
  name: string;
  experiment: string;
  kind: 'cell' | 'span' | 'script' | 'mlflow';
  status: RunStatus;
  session_id: string;
  notebook: string | null;
  started: number;
  /** Null while it runs. */
  duration: number | null;
  params: Record<string, unknown>;
  tags: Record<string, string>;
  /** All of them; of a run with very many, those that were asked for. */
  metrics: Record<string, IMetricSummary>;
  /** Only of a run with very many metrics that is not told in full. */
  many?: IManyMetrics;
  /** What the GPUs are called that it could use; empty where nobody could tell. */
  devices: string[];
  /** The machine's load meanwhile, of what was measured: see `LoadName` of the model. */
  load: Record<string, number>;
  rerun_of: string | null;
  verdict: IVerdict | null;
  pinned: boolean;
  starred: boolean;
  /** Hidden from lists until it is restored. */
  deleted: boolean;
  /** Chosen by the user, from 0 to 9; null leaves it to the panel. */
  color: number | null;
  mlflow_run_id: string | null;
}

/** What a list of a cell's runs tells of one. */
export type IShortRun = Pick<IRun, 'run_id' | 'name' | 'status' | 'started'>;

export interface IRunPage {
  runs: IRun[];
  next: string | null;
  total: number;
  /** How many runs are pinned, found or not. */
  pinned: number;
  /** How many are hidden until they are restored, found or not. */
  deleted: number;
}

/** A change of what the user says of runs; what is left out stays. */
export interface IAnnotation {
  /** In place of the recorded name; null takes it back. */
  name?: string | null;
  color?: number | null;
  pinned?: boolean;
  starred?: boolean;
  deleted?: boolean;
  /** Each on its own; null removes one. */
  tags?: Record<string, string | null>;
  notes?: string;
  hypothesis?: string;
}

/** Texts of a run as they were last seen. */
export type SeenTexts = Pick<IAnnotation, 'notes' | 'hypothesis'>;

/** Runs by their ids, or all that a filter finds but some. */
export type RunSelection = { runs: string[] } | { filter: string; except: string[] };

/** Runs that have the same in a field. */
export interface IRunGroup {
  value: string | number | null;
  /** The name of the run that `value` is the id of. */
  label: string | null;
  /** Finds the runs of the group among those that were searched. */
  filter: string;
  count: number;
  newest: number;
  best: number | null;
}

export interface IRunGroups {
  groups: IRunGroup[];
  /** How many groups there are in all. */
  total: number;
  /** How many runs they hold. */
  runs: number;
}

export interface ICell {
  ordinal: number;
  source: string;
  outcome: CellOutcome | null;
  duration: number | null;
  /** Whether the run was open in this cell. */
  of_run: boolean;
  cell_id: string | null;
  /** Whether it showed anything; null where that is not recorded, or not yet. */
  shows: boolean | null;
}

/** The machine's load while a run was open: percentages, megabytes or watts, as the metric's name says. */
export interface ILoad {
  mean: number;
  max: number;
  last: number;
  /** How often it was measured. */
  times: number;
}

export interface IGit {
  root: string;
  commit: string | null;
  branch: string | null;
  /** Null where nobody said. */
  dirty: boolean | null;
  patch: string | null;
}

export interface IEnvironment {
  python: string;
  platform: string;
  packages: Record<string, string>;
  hardware: Record<string, unknown>;
  variables: Record<string, string>;
}

export interface IArtifact {
  path: string;
  size: number;
  media_type: string;
  digest: string;
  /** When it was logged. */
  time: number;
}

export interface IRunError {
  name: string;
  message: string;
  traceback: string;
}

export interface INotCaptured {
  what: string;
  why: string;
}

export interface IRunDetail extends IRun {
  cells: ICell[];
  /** Ordinal of the cell that opened the run. */
  cell: number | null;
  last_cell: number | null;
  seed: number | null;
  /** Library to digest of its random state when the run's first cell started. */
  rng: Record<string, string>;
  /** What the code noted. */
  note: string;
  /** The user's own, in Markdown. */
  notes: string;
  /** What the run is to show, in the user's words. */
  hypothesis: string;
  git: IGit | null;
  environment: IEnvironment | null;
  /** By metric; the curves have these names too. */
  system: Record<string, ILoad>;
  artifacts: IArtifact[];
  /** Those of the artifacts that are models. */
  models: IModel[];
  /** What is known to be registered of them, the latest first. */
  registered: IModelVersion[];
  error: IRunError | null;
  not_captured: INotCaptured[];
  param_sources: Record<string, ParamSource>;
  /** Ids of the runs that repeat this one. */
  reruns: string[];
  kernel: string | null;
}

/** What success criteria say of a rerun. */
export interface IJudgement {
  /** 0 where all are met, 2 where nothing could be proved either way, else 1. */
  exit_code: number;
  findings: { criterion: string; met: boolean; told: string }[];
}

export interface IJob {
  /** The run that the rerun makes; also the job's id. */
  run_id: string;
  rerun_of: string;
  name: string;
  /** The order of submission. */
  number: number;
  state: JobState;
  /** It waits, but is not started until it is released. */
  held: boolean;
  /** Greater ones go first. */
  priority: number;
  /** Jobs that must have succeeded before. */
  after: string[];
  sweep: string | null;
  backend: string | null;
  /** The uuids of the devices that it has now. */
  devices: string[];
  /** How many GPUs it got, or asks for while it has none; a part of one below 1. */
  gpus: number;
  /** How often it was started. */
  attempt: number;
  cells_done: number;
  cells_total: number;
  /** Ordinal of the cell that runs now. */
  cell: number | null;
  /** What is being done, where it is not the first execution of the cells. */
  stage: string | null;
  submitted: number;
  started: number | null;
  ended: number | null;
  verdict: IVerdict | null;
  /** What the success criteria of its experiment say of the verdict. */
  criteria: IJudgement | null;
  /** Why the job could not do its work, where it could not. */
  error: string | null;
  /** The step at which its sweep stopped it for what it had come to. */
  pruned_at: number | null;
}

/** A filter and an order that the user keeps. */
export interface ISavedFilter {
  name: string;
  filter: string;
  order_by: string;
}

/** What the server says with an error. */
export interface IErrorBody {
  message: string;
  reason?: string | null;
  kernels?: string[];
  /** The character of a filter that is at fault, from 0. */
  position?: number;
  parameter?: string;
}
