/**
 * The shapes of `openapi.yaml` that reruns and their queue have to do with.
 */

export type Env = 'recorded' | 'locked';

/** What is asked of a rerun; what is left out is as the server has it by default. */
export interface IJobRequest {
  run_id: string;
  kernel?: string;
  env?: Env;
  scope?: 'slice' | 'whole';
  /** Texts are read as Python, unless the parameter is a text. */
  parameters?: Record<string, unknown>;
  seeds?: number;
  priority?: number;
  retries?: number;
  /** Seconds for one attempt. */
  timeout?: number;
  gpus?: number;
  gpu_type?: string;
  gpu_memory?: string;
  after?: string[];
  backend?: string;
}

/** A parameter of a run that a rerun can set. */
export interface IParameter {
  name: string;
  type: 'int' | 'float' | 'bool' | 'str' | 'list' | 'tuple' | 'None';
  /** The recorded value, as a request takes it. */
  text: string;
  choices: string[] | null;
  cell: number;
}

/** Whether something that a rerun starts from is there. */
export interface ICheck {
  what: 'kernel' | 'environment' | 'data' | 'gpus';
  /** `refused`: it would not start; `differs`: it would, and the verdict would say so. */
  state: 'ok' | 'differs' | 'unknown' | 'refused';
  sentence: string;
  details: string[];
}

export interface IKernel {
  name: string;
  display_name: string;
  language: string | null;
  usable: boolean;
  gateway: string | null;
  interpreter: string | null;
  packages: Record<string, string | null>;
  /** Why it cannot be used, and what to do. */
  problem: string | null;
  note: string | null;
}

export interface IKernels {
  kernels: IKernel[];
  gateway: string | null;
  gateway_error: string | null;
}

export interface ICellPace {
  /** Of the cell in the original's session. */
  ordinal: number;
  title: string;
  state: 'done' | 'running' | 'waiting' | 'failed' | 'interrupted';
  /** Seconds so far. */
  elapsed: number | null;
  /** Seconds in the original. */
  expected: number | null;
}

/** How an attempt is getting on beside its original. */
export interface IPace {
  cells: ICellPace[];
  elapsed: number | null;
  expected: number | null;
  /** Unix time of the last thing that its kernel wrote. */
  sign: number | null;
  /** The end of what the running cell printed so far; null where nobody hears that. */
  printed: string | null;
}

export interface IDevice {
  index: number;
  uuid: string;
  name: string;
  /** Bytes. */
  memory: number;
  node: string;
}

export interface IBackend {
  name: string;
  slots: number;
  running: number;
  /** Why it can carry out none at the moment. */
  trouble: string | null;
  devices: { device: IDevice; holders: string[] }[];
}

export interface IQueue {
  paused: boolean;
  /** Whether this server carries the jobs out, and whether any process does. */
  owner: boolean;
  owned: boolean;
  slots: number;
  running: number;
  waiting: number;
  held: number;
  /** The default first. */
  backends: IBackend[];
}

/** A notebook that can be written anywhere. */
export interface INotebookCopy {
  /** A file name, the same each time. */
  name: string;
  /** Where the run's own notebook lies; null where that is not served. */
  folder: string | null;
  notebook: Record<string, unknown>;
}
