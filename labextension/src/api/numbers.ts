import { ITypedArray } from './curveTypes';
import { WireNumber } from './types';

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
  // A callback for each byte would take longer than to draw them.
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = text.charCodeAt(index);
  }
  return IS_LITTLE ? new Float64Array(bytes.buffer) : swapped(bytes);
}

/** Whether this machine keeps numbers as the server sends them. */
const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function swapped(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, index) =>
    view.getFloat64(index * 8, true)
  );
}
