import { IStateDB } from '@jupyterlab/statedb';
import { PartialJSONValue } from '@lumino/coreutils';

/**
 * One value kept across reloads of the page; forgotten with the page where there is no state database.
 */
export class Memory<T extends PartialJSONValue> {
  constructor(
    private readonly _state: IStateDB | null,
    private readonly _id: string,
    private readonly _isValid: (value: unknown) => value is T
  ) {}

  /** What was kept; undefined when nothing was, or something else. */
  async recall(): Promise<T | undefined> {
    const value: unknown = await this._state?.fetch(this._id);
    return this._isValid(value) ? value : undefined;
  }

  keep(value: T): void {
    // Losing a view setting to a server that is away is no reason to disturb anybody.
    this._state?.save(this._id, value).catch(() => undefined);
  }
}

/** Whether the value is a plain record of strings to values that pass the test. */
export function isRecordOf<T>(
  value: unknown,
  isValue: (item: unknown) => item is T
): value is Record<string, T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isValue)
  );
}
