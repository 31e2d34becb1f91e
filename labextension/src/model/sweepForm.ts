import { ISignal, Signal } from '@lumino/signaling';

import { RefusedError } from '../api/errors';
import { IParameter } from '../api/rerunTypes';
import { ISweepCheck, ISweepChoices, ISweepDetail, ISweepRequest } from '../api/sweepTypes';
import { Runlore } from './runlore';
import { described, ISpaceField, written } from './space';

/** Milliseconds without a change after which the server is asked whether the sweep can be had. */
const REST = 500;

/** What is asked beside the space; texts are as they were typed, empty for what the server does by default. */
export interface ISweepOptions {
  metric: string;
  direction: 'minimize' | 'maximize';
  reading: string;
  sampler: string;
  pruner: string;
  trials: string;
  /** Trials at a time. */
  jobs: string;
  seeds: string;
  /** One a line. */
  conditions: string;
  name: string;
}

/**
 * What somebody asks of a sweep. The server looks at it after every change, and begins nothing until it is submitted.
 */
export class SweepForm {
  constructor(
    private readonly _runlore: Runlore,
    readonly runId: string
  ) {
    this.metrics = Object.keys(_runlore.runs.get(runId)?.metrics ?? {});
    const [metric = ''] = this.metrics;
    this.options = {
      metric: this.metrics.find(name => /loss|error/i.test(name)) ?? metric,
      direction: 'minimize',
      reading: 'last',
      sampler: 'tpe',
      pruner: 'none',
      trials: '20',
      jobs: '',
      seeds: '1',
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
    return this.check !== null && this.options.metric !== '';
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
        sweeps.choices()
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
      ...(options.trials !== '' && { trials: Number(options.trials) }),
      ...(options.jobs !== '' && { jobs: Number(options.jobs) }),
      ...(options.seeds !== '' && { seeds: Number(options.seeds) }),
      ...(options.name !== '' && { name: options.name })
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
    if (Object.keys(request.parameters).length > 0) {
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
