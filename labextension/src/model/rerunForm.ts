import { ISignal, Signal } from '@lumino/signaling';

import { RefusedError } from '../api/errors';
import { ICheck, IJobRequest, IKernels, IParameter, IQueue } from '../api/rerunTypes';
import { IJob } from '../api/types';
import { Fault, faultOf, isChanged, valueOf } from './parameterText';
import { Runlore } from './runlore';

/** Reruns with fresh seeds that a statistical verdict needs at the least. */
export const LEAST_SEEDS = 5;
/** Runs whose data and kernels are looked at before they are rerun together. */
const MOST_CHECKED = 10;

/** What is asked beside the parameters; texts are as they were typed, empty for what the server does by default. */
export interface IRerunOptions {
  /** Empty for the recorded kernel, `LOCKED` for one built from the lock, else a kernel's name. */
  kernel: string;
  /** Whether the rerun is followed by some with fresh seeds. */
  isReseeded: boolean;
  seeds: string;
  gpus: string;
  gpuType: string;
  gpuMemory: string;
  priority: string;
  retries: string;
  /** Minutes. */
  timeout: string;
  /** The job that must have succeeded before. */
  after: string;
}

/** In the place of a kernel's name: the environment that is built from the run's lock. */
export const LOCKED = ':locked';

const EXACT: IRerunOptions = {
  kernel: '',
  isReseeded: false,
  seeds: String(LEAST_SEEDS),
  gpus: '',
  gpuType: '',
  gpuMemory: '',
  priority: '',
  retries: '',
  timeout: '',
  after: ''
};

/**
 * What somebody asks of a rerun of one run, or of several together, before it is asked of the server.
 */
export class RerunForm {
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
    const isGood: [keyof IRerunOptions, boolean][] = [
      ['gpus', isIn(options.gpus, 0, 1024)],
      ['priority', isIn(options.priority, -1e6, 1e6, true)],
      ['retries', isIn(options.retries, 0, 100, true)],
      ['timeout', options.timeout === '' || Number(options.timeout) > 0],
      ['seeds', !options.isReseeded || isIn(options.seeds || '0', LEAST_SEEDS, 1000, true)]
    ];
    return new Set(isGood.filter(([, good]) => !good).map(([name]) => name));
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
    const before = this.options.kernel;
    this.options = { ...this.options, ...change };
    this._touch();
    if (this.options.kernel !== before) {
      void this.check();
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

  /** Look at what the rerun would start from. */
  async check(): Promise<void> {
    const turn = ++this._checking;
    this.checks = undefined;
    this._changed.emit();
    const { kernel } = this.options;
    const asked = kernel === LOCKED ? { env: 'locked' as const } : { kernel };
    const found: [string, readonly ICheck[] | Error][] = [];
    for (const runId of this.runIds.slice(0, MOST_CHECKED)) {
      found.push([runId, await this._runlore.reruns.checks(runId, asked).catch(asError)]);
      if (turn !== this._checking) {
        return; // another kernel was chosen meanwhile
      }
    }
    this.checks = found;
    this._changed.emit();
  }

  /** What is asked of the server. */
  get requests(): IJobRequest[] {
    const { options } = this;
    const common: Omit<IJobRequest, 'run_id'> = {
      ...(options.kernel === LOCKED && { env: 'locked' as const }),
      ...(options.kernel !== '' && options.kernel !== LOCKED && { kernel: options.kernel }),
      ...(options.isReseeded && { seeds: Number(options.seeds) }),
      ...(options.gpus !== '' && { gpus: Number(options.gpus) }),
      ...(options.gpuType !== '' && { gpu_type: options.gpuType }),
      ...(options.gpuMemory !== '' && { gpu_memory: options.gpuMemory }),
      ...(options.priority !== '' && { priority: Number(options.priority) }),
      ...(options.retries !== '' && { retries: Number(options.retries) }),
      ...(options.timeout !== '' && { timeout: Number(options.timeout) * 60 }),
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
  private _changed = new Signal<this, void>(this);
}

/** Whether a text is empty or a number between two. */
function isIn(text: string, least: number, most: number, isWhole = false): boolean {
  const number = Number(text);
  return (
    text.trim() === '' ||
    (number >= least && number <= most && (!isWhole || Number.isInteger(number)))
  );
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function ignored(): undefined {
  return undefined; // a form without the list of kernels or of devices is a form all the same
}
