import { ISignal, Signal } from '@lumino/signaling';

import { RefusedError } from '../api/errors';
import { ICheck, IJobRequest, IKernels, IParameter, IQueue } from '../api/rerunTypes';
import { IJob } from '../api/types';
import { Fault, faultOf, isChanged, valueOf } from './parameterText';
import { ANYWHERE, badPlaces, IPlaceForm, IPlaceOptions, isIn, placeRequest } from './place';
import { Runlore } from './runlore';

/** Reruns with fresh seeds that a statistical verdict needs at the least. */
export const LEAST_SEEDS = 5;
/** Runs whose data and kernels are looked at before they are rerun together. */
const MOST_CHECKED = 10;

/** Milliseconds without a change after which the server is asked again whether there are such GPUs. */
const REST = 500;

/** What is asked beside the parameters; texts are as they were typed, empty for what the server does by default. */
export interface IRerunOptions extends IPlaceOptions {
  /** Whether the rerun is followed by some with fresh seeds. */
  isReseeded: boolean;
  seeds: string;
  /** The job that must have succeeded before. */
  after: string;
}

const EXACT: IRerunOptions = {
  ...ANYWHERE,
  isReseeded: false,
  seeds: String(LEAST_SEEDS),
  after: ''
};

/**
 * What somebody asks of a rerun of one run, or of several together, before it is asked of the server.
 */
export class RerunForm implements IPlaceForm {
  constructor(
    private readonly _runlore: Runlore,
    readonly runIds: readonly string[]
  ) {}

  /** Emitted after every change of anything here. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The parameters of the run; empty for several runs, which keep their own; undefined until they are known. */
  parameters: readonly IParameter[] | undefined;
  /** Why they are not known. */
  parametersError: Error | null = null;
  kernels: IKernels | undefined;
  queue: IQueue | undefined;
  /** Of each run what it would start from; undefined while that is looked at. */
  checks: readonly (readonly [runId: string, checks: readonly ICheck[] | Error])[] | undefined;
  options: IRerunOptions = EXACT;
  /** Why the server refused; null when it did not. */
  refusal: Error | null = null;

  /** Whether nothing is asked but the same again. */
  get isExact(): boolean {
    return this.changes.length === 0 && JSON.stringify(this.options) === JSON.stringify(EXACT);
  }

  /** The parameters that are set to another value. */
  get changes(): readonly IParameter[] {
    return (this.parameters ?? []).filter(one => isChanged(one, this.text(one)));
  }

  /** What the field of a parameter says. */
  text(parameter: IParameter): string {
    return this._texts.get(parameter.name) ?? parameter.text;
  }

  /** What is wrong with a parameter's field: a kind, or the server's words; null when nothing is. */
  fault(parameter: IParameter): Fault | Error | null {
    const { refusal } = this;
    if (refusal instanceof RefusedError && refusal.parameter === parameter.name) {
      return refusal;
    }
    return faultOf(parameter, this.text(parameter));
  }

  /** Options that are no numbers of their kind. */
  get badOptions(): ReadonlySet<keyof IRerunOptions> {
    const { options } = this;
    const isGood = !options.isReseeded || isIn(options.seeds || '0', LEAST_SEEDS, 1000, true);
    return new Set([...badPlaces(options), ...(isGood ? [] : ['seeds' as const])]);
  }

  /** Whether it can be asked of the server. */
  get isValid(): boolean {
    const isRefused = (parameter: IParameter): boolean => {
      const fault = this.fault(parameter);
      return fault !== null && !(fault instanceof Error);
    };
    return this.badOptions.size === 0 && !this.changes.some(isRefused);
  }

  setText(name: string, text: string): void {
    this._texts.set(name, text);
    this._touch();
  }

  set(change: Partial<IRerunOptions>): void {
    const before = this.options;
    this.options = { ...before, ...change };
    this._touch();
    const { kernel, gpus, gpuType, gpuMemory } = this.options;
    if (kernel !== before.kernel) {
      void this.check();
    } else if (
      gpus !== before.gpus ||
      gpuType !== before.gpuType ||
      gpuMemory !== before.gpuMemory
    ) {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => void this.check('gpus'), REST);
    }
  }

  /** Take every change back. */
  reset(): void {
    this._texts.clear();
    this.set(EXACT);
  }

  /** Learn what can be asked; what fails is told where it belongs. */
  async load(): Promise<void> {
    const [first] = this.runIds;
    const { reruns } = this._runlore;
    const parameters = this.runIds.length === 1 && first !== undefined;
    await Promise.all([
      this.check(),
      (parameters ? reruns.parameters(first) : Promise.resolve([]))
        .then(
          found => (this.parameters = found),
          (error: unknown) => (this.parametersError = asError(error))
        )
        .finally(() => this._changed.emit()),
      reruns.kernels().then(found => (this.kernels = found), ignored),
      reruns.queue().then(found => (this.queue = found), ignored)
    ]);
    this._changed.emit();
  }

  /** Look at what the rerun would start from: at all of it, or at the GPUs alone. */
  async check(what: 'all' | 'gpus' = 'all'): Promise<void> {
    if (what === 'gpus' && this.checks === undefined) {
      what = 'all'; // what is looked at now is given up
    }
    const turn = ++this._checking;
    const before = new Map(what === 'gpus' ? this.checks : []);
    if (what === 'all') {
      this.checks = undefined;
      this._changed.emit();
    }
    const { env, kernel, gpus, gpu_type, gpu_memory } = placeRequest(this.options);
    const asked = { env, kernel, gpus, gpu_type, gpu_memory, what };
    const found: [string, readonly ICheck[] | Error][] = [];
    for (const runId of this.runIds.slice(0, MOST_CHECKED)) {
      const told = await this._runlore.reruns.checks(runId, asked).catch(asError);
      if (turn !== this._checking) {
        return; // something else was chosen meanwhile
      }
      const others = before.get(runId) ?? [];
      found.push([
        runId,
        told instanceof Error || others instanceof Error
          ? told
          : [...others.filter(one => one.what !== 'gpus'), ...told]
      ]);
    }
    this.checks = found;
    this._changed.emit();
  }

  /** What is asked of the server. */
  get requests(): IJobRequest[] {
    const { options } = this;
    const common: Omit<IJobRequest, 'run_id'> = {
      ...placeRequest(options),
      ...(options.isReseeded && { seeds: Number(options.seeds) }),
      ...(options.after !== '' && { after: [options.after] })
    };
    const values = this.changes.map(one => [one.name, valueOf(one, this.text(one))] as const);
    const parameters = values.length > 0 ? { parameters: Object.fromEntries(values) } : {};
    return this.runIds.map(runId => ({ run_id: runId, ...parameters, ...common }));
  }

  /** Ask it; null where the server refuses, which `refusal` then tells. */
  async submit(): Promise<IJob[] | null> {
    try {
      return await this._runlore.rerun(this.requests);
    } catch (error) {
      this.refusal = asError(error);
      this._changed.emit();
      return null;
    }
  }

  private _touch(): void {
    this.refusal = null;
    this._changed.emit();
  }

  private readonly _texts = new Map<string, string>();
  private _checking = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function ignored(): undefined {
  return undefined; // a form without the list of kernels or of devices is a form all the same
}
