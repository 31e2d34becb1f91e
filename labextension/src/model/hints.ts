import { ICurve } from './curve';

/**
 * What the curves of training and validation together suggest.
 */
export interface IHint {
  runId: string;
  kind: 'overfitting' | 'turned' | 'underfitting';
  train: string;
  validation: string;
  /** The step with the best validation, where the kind is `turned`; else the last one. */
  step: number;
  /** What the rule is about, in the order in which it names them. */
  figures: readonly number[];
}

/** Points below which nothing is said, and stretches in which a curve is looked at. */
const FEWEST = 20;
const STRETCHES = 10;
/** A difference counts when it is so many times the noise around the mean of a stretch. */
const SURE = 5;
/** Part of the whole fall of training that validation has to come back by, or the gap to grow by. */
const NOTABLE = 0.1;
/** Both have learnt next to nothing when they fell by less than this part of where they began. */
const LITTLE = 0.05;

const VALIDATION = /^(val|valid|validation|test|eval|dev)$/i;
const TRAINING = /^(train|training)$/i;

/**
 * The metrics that belong together: of training, and of validation. Names are words with `_`, `/`, `.` or `-` between
 * them; the pair differs in the word that says which of the two it is, at the begin or the end, and training may go
 * without one.
 */
export function metricPairs(metrics: readonly string[]): [train: string, validation: string][] {
  const bare = new Map<string, string>();
  const named = new Map<string, string>();
  const validations: [string, string][] = [];
  for (const name of metrics) {
    const words = name.split(/[_/.-]/);
    const [first = '', last = ''] = [words[0], words.at(-1)];
    const isFirst = VALIDATION.test(first) || TRAINING.test(first);
    const role = isFirst ? first : last;
    const rest = (isFirst ? words.slice(1) : words.slice(0, -1)).join('_').toLowerCase();
    if (words.length > 1 && TRAINING.test(role)) {
      named.set(rest, name);
    } else if (words.length > 1 && VALIDATION.test(role)) {
      validations.push([rest, name]);
    } else {
      bare.set(words.join('_').toLowerCase(), name);
    }
  }
  return validations.flatMap(([rest, validation]) => {
    const train = named.get(rest) ?? bare.get(rest);
    return train === undefined ? [] : [[train, validation]];
  });
}

/**
 * What a pair of curves suggests; null where nothing is clear. Losses and accuracies alike: `isLess` says whether less
 * is better. Both are cut into ten stretches of equal length, and their means compared; what noise alone would do does
 * not count, so points that are few or scattered say nothing.
 *
 * - `turned`: validation was best in a stretch before the last two and has come back since by at least a tenth of its
 *   whole improvement, while training improved on. Figures: the best mean, the last one.
 * - `overfitting`: training is better than validation at the end, and over the second half the gap has grown in at
 *   least four of five stretches, by a tenth of the whole improvement of training or more. Figures: the gap in the
 *   middle, and at the end.
 * - `underfitting`: from the third stretch on neither improves any more, and both improved by less than a twentieth of
 *   where they began. Figures: the first mean of training, the last one.
 */
export function hintOf(train: ICurve, validation: ICurve, isLess: boolean): IHint | null {
  const [learnt, checked] = [stretches(train, isLess), stretches(validation, isLess)];
  if (!learnt || !checked) {
    return null;
  }
  const base = { runId: train.runId, train: train.metric, validation: validation.metric };
  const sign = isLess ? 1 : -1;
  return (
    turned(learnt, checked, validation, sign, base) ??
    overfitted(learnt, checked, validation, base) ??
    underfitted(learnt, checked, validation, sign, base)
  );
}

type Base = Pick<IHint, 'runId' | 'train' | 'validation'>;

/** Means of stretches, less being better, and the noise of such a mean. */
interface IStretches {
  means: readonly number[];
  noise: number;
}

function turned(
  learnt: IStretches,
  checked: IStretches,
  validation: ICurve,
  sign: number,
  base: Base
): IHint | null {
  const { means, noise } = checked;
  const best = indexOfLeast(means);
  const [least, last] = [at(means, best), at(means, -1)];
  const back = last - least;
  const improved = at(means, 0) - least > SURE * noise;
  const isBack = back > SURE * noise && back >= NOTABLE * (at(means, 0) - least);
  const goesOn = at(learnt.means, best) - at(learnt.means, -1) >= -SURE * learnt.noise;
  // Once it has turned it stays away: a wave is no turn.
  const stays = means.slice(best + 2).every(mean => mean > least + noise);
  if (best > STRETCHES - 3 || !improved || !isBack || !goesOn || !stays) {
    return null;
  }
  const step = bestStep(validation, sign);
  return { ...base, kind: 'turned', step, figures: [sign * least, sign * last] };
}

function overfitted(
  learnt: IStretches,
  checked: IStretches,
  validation: ICurve,
  base: Base
): IHint | null {
  const gaps = checked.means.map((mean, index) => mean - at(learnt.means, index));
  const half = gaps.slice(STRETCHES / 2 - 1);
  const noise = Math.hypot(learnt.noise, checked.noise);
  const growths = half.slice(1).filter((gap, index) => gap > (half[index] ?? Infinity)).length;
  const growth = at(half, -1) - at(half, 0);
  const fall = Math.abs(at(learnt.means, 0) - at(learnt.means, -1));
  const isSure = growth > SURE * noise && growth >= NOTABLE * fall && at(half, -1) > SURE * noise;
  return isSure && growths >= half.length - 2
    ? {
        ...base,
        kind: 'overfitting',
        step: validation.step.at(-1) ?? 0,
        figures: [at(half, 0), at(half, -1)]
      }
    : null;
}

function underfitted(
  learnt: IStretches,
  checked: IStretches,
  validation: ICurve,
  sign: number,
  base: Base
): IHint | null {
  const isFlat = ({ means, noise }: IStretches): boolean => {
    const begin = at(means, 2);
    const improved = begin - at(means, -1);
    return Math.abs(improved) <= Math.max(noise, LITTLE * LITTLE * Math.abs(begin));
  };
  const hasLearntLittle = ({ means }: IStretches): boolean =>
    at(means, 0) - at(means, -1) < LITTLE * Math.abs(at(means, 0));
  const both = [learnt, checked];
  const [first, last] = [sign * at(learnt.means, 0), sign * at(learnt.means, -1)];
  // What begins near its best has nothing to learn: an accuracy of 1, a loss of 0.
  const isBad = sign > 0 ? last > LITTLE : last < 1 - LITTLE;
  return isBad && both.every(isFlat) && both.every(hasLearntLittle)
    ? { ...base, kind: 'underfitting', step: validation.step.at(-1) ?? 0, figures: [first, last] }
    : null;
}

/** Null where the curve has too few points, or gaps in what is compared. */
function stretches({ value }: ICurve, isLess: boolean): IStretches | null {
  const kept = value.filter(one => Number.isFinite(one));
  if (kept.length < FEWEST || kept.length < value.length * 0.9) {
    return null;
  }
  const sign = isLess ? 1 : -1;
  const means = Array.from({ length: STRETCHES }, (_, index) => {
    const [start, end] = [index, index + 1].map(part => (kept.length * part) / STRETCHES);
    return sign * mean(kept.subarray(Math.floor(start ?? 0), Math.floor(end ?? 0)));
  });
  // From point to point, the trend is next to nothing, and what is left is noise.
  const jumps = kept.subarray(1).map((one, index) => Math.abs(one - (kept[index] ?? one)));
  const deviation = median(jumps) / (0.6745 * Math.SQRT2);
  return { means, noise: deviation / Math.sqrt(kept.length / STRETCHES) };
}

function bestStep({ step, value }: ICurve, sign: number): number {
  let best = -1;
  value.forEach((one, index) => {
    if (Number.isFinite(one) && (best < 0 || sign * one < sign * (value[best] ?? NaN))) {
      best = index;
    }
  });
  return step[best] ?? 0;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: Float64Array): number {
  return Float64Array.from(values).sort()[values.length >> 1] ?? 0;
}

function indexOfLeast(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

function at(values: readonly number[], index: number): number {
  return values.at(index) ?? NaN;
}
