/**
 * The exponential moving average, free of the pull towards zero at its start, as TensorBoard smooths its scalars: the
 * correction by 1 - weight^n is that of Kingma & Ba, *Adam*, ICLR 2015, section 3.
 *
 * @param values - Points of a curve; those that are not finite stay gaps and do not count.
 * @param weight - Weight of the past, from 0 (no smoothing) to below 1.
 */
export function smooth(values: Float64Array, weight: number): Float64Array {
  const averages = new Float64Array(values.length);
  let sum = 0;
  let norm = 0;
  values.forEach((value, index) => {
    if (Number.isFinite(value)) {
      sum = weight * sum + (1 - weight) * value;
      norm = weight * norm + (1 - weight);
      averages[index] = sum / norm;
    } else {
      averages[index] = NaN;
    }
  });
  return averages;
}
