import { ITypedArray, WireNumber } from './types';

/**
 * The number that the server meant.
 */
export function decodeNumber(value: WireNumber): number {
  return Number(value);
}

/**
 * The values of a typed array.
 *
 * @throws RangeError when the bytes are no whole number of float64; DOMException when they are no base64.
 */
export function decodeFloats(array: ITypedArray): Float64Array {
  const text = atob(array.bdata);
  if (text.length % 8 !== 0) {
    throw new RangeError(`${text.length} bytes are no float64 array`);
  }
  const bytes = Uint8Array.from(text, character => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const values = new Float64Array(text.length / 8);
  for (let index = 0; index < values.length; index++) {
    values[index] = view.getFloat64(index * 8, true);
  }
  return values;
}
