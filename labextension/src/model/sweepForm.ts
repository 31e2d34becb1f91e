import { ISignal, Signal } from '@lumino/signaling';

import { metricNames } from '../api/metrics';
import { RefusedError } from '../api/errors';
import { IKernels, IParameter, IQueue } from '../api/rerunTypes';
import { ISweepCheck, ISweepChoices, ISweepDetail, ISweepRequest } from '../api/sweepTypes';
import { ANYWHERE, badPlaces, IPlaceForm, IPlaceOptions, placeRequest } from './place';
import { Runlore } from './runlore';
import { described, ISpaceField, written } from './space';

/** Milliseconds without a change after which the server is asked whether the sweep can be had. */
const REST = 500;

/** What is asked beside the space; texts are as they were typed, empty for what the server does by default. */
export interface ISweepOptions extends IPlaceOptions {
  metric: string;
  direction: 'minimize' | 'maximize';
  reading: string;
  sampler: string;
  pruner: string;
  trials: string;
  /** Minutes of work after which no trial begins. */
  minutes: string;
  /** Trials at a time. */
  jobs: string;
  seeds: string;
  /** What several seeds of a point come to. */
  center: string;
  /** Steps of the metric before which nothing is pruned, and of a whole training. */
  leastSteps: string;
  mostSteps: string;
  /** Members of a population. */
  population: string;
  samplerSeed: string;
  /** One a line. */
  conditions: string;
  name: string;
}

/**
 * What somebody asks of a sweep. The server looks at it after every change, and begins nothing until it is submitted.
 */
export class SweepForm implements IPlaceForm {
  constructor(
    private readonly _runlore: Runlore,
    readonly runId: string
  ) {
    const run = _runlore.runs.get(runId);
    this.metrics = run ? metricNames(run) : [];
    const [metric = ''] = this.metrics;
    this.options = {
      ...ANYWHERE,
      metric: this.metrics.find(name => /loss|error/i.test(name)) ?? metric,
      direction: 'minimize',
      reading: 'last',
      sampler: 'tpe',
      pruner: 'none',
      trials: '20',
      minutes: '',
      jobs: '',
      seeds: '1',
      center: 'mean',
      leastSteps: '',
      mostSteps: '',
      population: '',
      samplerSeed: '',
      conditions: '',
      name: ''
    };
    this.options.direction = directionOf(this.options.metric);
  }

  /** Emitted after every change of anything here. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Those that the run logged. */
  metrics: readonly string[];
  options: ISweepOptions;
  /** Undefined until they are known. */
  parameters: readonly IParameter[] | undefined;
  /** What this server knows of; undefined until it said so. */
  choices: ISweepChoices | undefined;
  kernels: IKernels | undefined;
  queue: IQueue | undefined;
  /** What it would come to; null while that is not known. */
  check: ISweepCheck | null = null;
  /** Why it cannot be had as it is; null where it can. */
  refusal: Error | null = null;

  /** What a parameter may be, as it is written; empty for its recorded value. */
  text(name: string): string {
    return this._texts.get(name) ?? '';
  }

  /** The same as a form shows it. */
  field(parameter: IParameter): ISpaceField {
    return described(this.text(parameter.name), parameter);
  }

  /** Whether there is anything to choose from; what the server says of it is another matter. */
  get isValid(): boolean {
    return this.check !== null && this.options.metric !== '' && this.badOptions.size === 0;
  }

  /** Options that are no numbers of their kind. */
  get badOptions(): ReadonlySet<keyof ISweepOptions> {
    const { minutes } = this.options;
    const isGood = minutes === '' || Number(minutes) > 0;
    return new Set([...badPlaces(this.options), ...(isGood ? [] : ['minutes' as const])]);
  }

  /** Why the server refuses the values of a parameter; null where it does not. */
  fault(name: string): string | null {
    const { refusal } = this;
    return refusal instanceof RefusedError && refusal.parameter === name ? refusal.message : null;
  }

  setText(name: string, text: string): void {
    this._texts.set(name, text);
    this._touch();
  }

  setField(parameter: IParameter, field: ISpaceField): void {
    this.setText(parameter.name, written(field));
  }

  set(change: Partial<ISweepOptions>): void {
    const direction = change.metric === undefined ? {} : { direction: directionOf(change.metric) };
    this.options = { ...this.options, ...direction, ...change };
    this._touch();
  }

  /** Learn what can be asked. */
  async load(): Promise<void> {
    const { reruns, sweeps } = this._runlore;
    try {
      [this.parameters, this.choices] = await Promise.all([
        reruns.parameters(this.runId),
        sweeps.choices(),
        reruns.kernels().then(found => (this.kernels = found), ignored),
        reruns.queue().then(found => (this.queue = found), ignored)
      ]);
    } catch (error) {
      this.parameters ??= [];
      this.refusal = asError(error);
    }
    this._changed.emit();
  }

  /** What is asked of the server. */
  get request(): ISweepRequest {
    const { options } = this;
    const conditions = options.conditions.split('\n').flatMap(line => line.trim() || []);
    return {
      run_id: this.runId,
      parameters: Object.fromEntries([...this._texts].filter(([, text]) => text.trim() !== '')),
      metric: options.metric,
      direction: options.direction,
      reading: options.reading,
      sampler: options.sampler,
      pruner: options.pruner,
      ...(conditions.length > 0 && { conditions }),
      ...(options.minutes !== '' && { seconds: Number(options.minutes) * 60 }),
      ...whole({
        trials: options.trials,
        jobs: options.jobs,
        seeds: options.seeds,
        sampler_seed: options.samplerSeed,
        ...(options.sampler === 'population' && { population: options.population }),
        ...(options.pruner !== 'none' && {
          least_steps: options.leastSteps,
          most_steps: options.mostSteps
        })
      }),
      ...(Number(options.seeds) > 1 && { center: options.center }),
      ...(options.name !== '' && { name: options.name }),
      ...placeRequest(options)
    };
  }

  /** Begin it; null where the server refuses, which `refusal` then tells. */
  async submit(): Promise<ISweepDetail | null> {
    try {
      return await this._runlore.sweeps.submit(this.request);
    } catch (error) {
      this.refusal = asError(error);
      this._changed.emit();
      return null;
    }
  }

  dispose(): void {
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private _touch(): void {
    this.check = null;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._look(), REST);
    this._changed.emit();
  }

  private async _look(): Promise<void> {
    const turn = ++this._looking;
    const { request } = this;
    let check: ISweepCheck | null = null;
    let refusal: Error | null = null;
    if (Object.keys(request.parameters).length > 0 && this.badOptions.size === 0) {
      try {
        check = await this._runlore.sweeps.check(request);
      } catch (error) {
        refusal = asError(error);
      }
    }
    if (turn === this._looking) {
      this.check = check;
      this.refusal = refusal;
      this._changed.emit();
    }
  }

  private readonly _texts = new Map<string, string>();
  private _looking = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}

/** Which values of a metric are better, by its name. */
function directionOf(metric: string): 'minimize' | 'maximize' {
  return /acc|score|auc|f1|precision|recall|reward|r2/i.test(metric) ? 'maximize' : 'minimize';
}

/** The numbers of those that were given. */
function whole(texts: Record<string, string>): Record<string, number> {
  const given = Object.entries(texts).filter(([, text]) => text !== '');
  return Object.fromEntries(given.map(([name, text]) => [name, Number(text)]));
}

function ignored(): undefined {
  return undefined; // a form without the list of kernels or of devices is a form all the same
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
