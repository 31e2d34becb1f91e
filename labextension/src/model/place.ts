import { IJobRequest, IKernels, IQueue } from '../api/rerunTypes';

/** Where and when reruns happen; texts are as they were typed, empty for what the server does by default. */
export interface IPlaceOptions {
  /** Empty for the recorded kernel, `LOCKED` for one built from the lock, else a kernel's name. */
  kernel: string;
  gpus: string;
  gpuType: string;
  gpuMemory: string;
  priority: string;
  retries: string;
  /** Minutes. */
  timeout: string;
}

/** In the place of a kernel's name: the environment that is built from the run's lock. */
export const LOCKED = ':locked';

/** All as the server has it by default. */
export const ANYWHERE: IPlaceOptions = {
  kernel: '',
  gpus: '',
  gpuType: '',
  gpuMemory: '',
  priority: '',
  retries: '',
  timeout: ''
};

/**
 * A form that asks where reruns happen.
 */
export interface IPlaceForm {
  readonly options: IPlaceOptions;
  /** What can be chosen from; undefined until it is known. */
  readonly kernels: IKernels | undefined;
  readonly queue: IQueue | undefined;
  /** Options that are no numbers of their kind. */
  readonly badOptions: ReadonlySet<string>;
  set(change: Partial<IPlaceOptions>): void;
}

/** The options that are no numbers of their kind. */
export function badPlaces(options: IPlaceOptions): (keyof IPlaceOptions)[] {
  const isGood: [keyof IPlaceOptions, boolean][] = [
    ['gpus', isIn(options.gpus, 0, 1024)],
    ['priority', isIn(options.priority, -1e6, 1e6, true)],
    ['retries', isIn(options.retries, 0, 100, true)],
    ['timeout', options.timeout === '' || Number(options.timeout) > 0]
  ];
  return isGood.filter(([, good]) => !good).map(([name]) => name);
}

type PlaceRequest = Pick<
  IJobRequest,
  'env' | 'kernel' | 'gpus' | 'gpu_type' | 'gpu_memory' | 'priority' | 'retries' | 'timeout'
>;

/** The same as it is asked of the server. */
export function placeRequest(options: IPlaceOptions): PlaceRequest {
  return {
    ...(options.kernel === LOCKED && { env: 'locked' as const }),
    ...(options.kernel !== '' && options.kernel !== LOCKED && { kernel: options.kernel }),
    ...(options.gpus !== '' && { gpus: Number(options.gpus) }),
    ...(options.gpuType !== '' && { gpu_type: options.gpuType }),
    ...(options.gpuMemory !== '' && { gpu_memory: options.gpuMemory }),
    ...(options.priority !== '' && { priority: Number(options.priority) }),
    ...(options.retries !== '' && { retries: Number(options.retries) }),
    ...(options.timeout !== '' && { timeout: Number(options.timeout) * 60 })
  };
}

/** Whether a text is empty or a number between two. */
export function isIn(text: string, least: number, most: number, isWhole = false): boolean {
  const number = Number(text);
  return (
    text.trim() === '' ||
    (number >= least && number <= most && (!isWhole || Number.isInteger(number)))
  );
}
