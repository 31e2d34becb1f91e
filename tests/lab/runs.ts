import { decodeFloats } from '../../labextension/src/api/numbers';
import { ITypedArray, IWireCurve } from '../../labextension/src/api/curveTypes';
import { IMetricSummary } from '../../labextension/src/api/metricTypes';
import { IJob, IRun, IRunDetail, IVerdict } from '../../labextension/src/api/types';

/** A finished run with one metric. */
export function someRun(change: Partial<IRun> = {}): IRun {
  return {
    run_id: 'a1',
    name: 'resnet',
    experiment: 'digits',
    kind: 'cell',
    status: 'finished',
    session_id: 's1',
    notebook: 'quickstart.ipynb',
    started: 1000,
    duration: 12.34,
    params: { lr: 0.001 },
    tags: {},
    metrics: { loss: someSummary() },
    rerun_of: null,
    verdict: null,
    pinned: false,
    starred: false,
    deleted: false,
    color: null,
    devices: [],
    load: {},
    mlflow_run_id: null,
    ...change
  };
}

/** Runs `r0` (newest) to `r<count - 1>`. */
export function manyRuns(count: number): IRun[] {
  return Array.from({ length: count }, (_, index) =>
    someRun({ run_id: `r${index}`, name: `run ${index}`, started: 100000 - index })
  );
}

export function someSummary(change: Partial<IMetricSummary> = {}): IMetricSummary {
  return { last: 0.198123, best: 0.1, min: 0.1, max: 2.3, count: 400, step: 399, ...change };
}

export function someVerdict(change: Partial<IVerdict> = {}): IVerdict {
  return { verdict: 'BIT-EXACT', reason: 'All 400 points are equal.', compared: 400, ...change };
}

export function someDetail(change: Partial<IRunDetail> = {}): IRunDetail {
  return {
    ...someRun(),
    cells: [
      {
        ordinal: 0,
        source: '1/0',
        outcome: 'error',
        duration: 0.1,
        of_run: false,
        cell_id: 'x',
        shows: true
      },
      {
        ordinal: 1,
        source: 'fit()',
        outcome: 'ok',
        duration: 9,
        of_run: true,
        cell_id: 'y',
        shows: false
      }
    ],
    cell: 1,
    last_cell: 1,
    seed: null,
    rng: { python: 'abc' },
    note: '',
    notes: '',
    hypothesis: '',
    git: null,
    environment: null,
    system: {},
    artifacts: [],
    models: [],
    registered: [],
    error: null,
    not_captured: [],
    param_sources: { lr: 'literal' },
    reruns: [],
    kernel: 'python3',
    ...change
  };
}

export function someJob(change: Partial<IJob> = {}): IJob {
  return {
    run_id: 'j1',
    rerun_of: 'a1',
    name: 'resnet',
    number: 1,
    held: false,
    priority: 0,
    after: [],
    sweep: null,
    backend: null,
    devices: [],
    gpus: 0,
    attempt: 0,
    state: 'running',
    cells_done: 6,
    cells_total: 9,
    criteria: null,
    cell: 6,
    stage: null,
    submitted: 2000,
    started: 2001,
    ended: null,
    verdict: null,
    error: null,
    pruned_at: null,
    ...change
  };
}

/** Numbers as the server sends them. */
export function wireFloats(values: readonly number[]): ITypedArray {
  return {
    dtype: 'f8',
    bdata: Buffer.from(Float64Array.from(values).buffer).toString('base64')
  };
}

export function someCurve(runId: string, values: readonly number[], metric = 'loss'): IWireCurve {
  return {
    run_id: runId,
    metric,
    count: values.length,
    since: 0,
    next: values.length,
    step: wireFloats(values.map((_, index) => index)),
    time: wireFloats(values.map((_, index) => 1000 + index)),
    value: wireFloats(values)
  };
}

/** What the server sends of a curve of which the client has the first points. */
export function sinceCurve(curve: IWireCurve, since: number): IWireCurve {
  const rest = (array: ITypedArray): ITypedArray =>
    wireFloats([...decodeFloats(array)].slice(since));
  const { step, time, value } = curve;
  return { ...curve, since, step: rest(step), time: rest(time), value: rest(value) };
}
