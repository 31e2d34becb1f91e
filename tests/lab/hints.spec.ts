import { describe, expect, it } from 'vitest';

import { ICurve } from '../../labextension/src/model/curve';
import { hintOf, IHint, metricPairs } from '../../labextension/src/model/hints';
import { keptBefore } from '../../labextension/src/model/kept';

function curve(metric: string, values: readonly number[]): ICurve {
  return {
    runId: 'r',
    metric,
    count: values.length,
    next: values.length,
    step: Float64Array.from(values, (_, index) => index),
    time: Float64Array.from(values, (_, index) => index),
    value: Float64Array.from(values)
  };
}

/** Random numbers around 0 with a standard deviation of 1, the same for the same seed. */
function gaussian(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

type Shape = (part: number, noise: () => number) => number;

function hints(train: Shape, validation: Shape, length = 200, isLess = true): (IHint | null)[] {
  return Array.from({ length: 200 }, (_, seed) => {
    const noise = gaussian(seed + 1);
    const parts = Array.from({ length }, (_, index) => index / length);
    return hintOf(
      curve(
        'loss',
        parts.map(part => train(part, noise))
      ),
      curve(
        'val_loss',
        parts.map(part => validation(part, noise))
      ),
      isLess
    );
  });
}

const falling: Shape = (part, noise) => Math.exp(-5 * part) + 0.02 * noise();

describe('pairs of training and validation', () => {
  it.each([
    [
      ['loss', 'val_loss'],
      ['loss', 'val_loss']
    ],
    [
      ['train/acc', 'val/acc'],
      ['train/acc', 'val/acc']
    ],
    [
      ['train_loss', 'valid_loss'],
      ['train_loss', 'valid_loss']
    ],
    [
      ['loss.train', 'loss.test'],
      ['loss.train', 'loss.test']
    ],
    [
      ['accuracy', 'Validation-accuracy'],
      ['accuracy', 'Validation-accuracy']
    ]
  ])('of %j are %j', (metrics, pair) => {
    expect(metricPairs(metrics)).toEqual([pair]);
  });

  it('need both, and the same rest', () => {
    expect(metricPairs(['loss', 'val_acc', 'interval', 'value', 'train', 'test'])).toEqual([]);
  });
});

describe('no hint', () => {
  it.each<[string, Shape, Shape]>([
    ['both fall alike', falling, falling],
    ['validation lies above at a steady gap', falling, (p, n) => falling(p, n) + 0.1],
    ['there is only noise around a good value', (_, n) => 0.01 * n(), (_, n) => 0.01 * n()],
    ['validation waves', falling, (p, n) => falling(p, n) + 0.03 * Math.sin(40 * p)],
    ['validation is much noisier', falling, (p, n) => Math.exp(-5 * p) + 0.1 * n()],
    ['training still falls in a line', (p, n) => 2 - p + 0.1 * n(), (p, n) => 2 - p + 0.1 * n()]
  ])('where %s', (_, train, validation) => {
    expect(hints(train, validation).filter(hint => hint !== null)).toEqual([]);
  });

  it('by few points, NaN, or nothing at all', () => {
    const turning: Shape = part => Math.abs(part - 0.3);
    expect(hints(falling, turning, 15).filter(Boolean)).toEqual([]);
    expect(hints(falling, () => NaN).filter(Boolean)).toEqual([]);
    expect(hints(() => Infinity, turning).filter(Boolean)).toEqual([]);
    expect(hintOf(curve('loss', []), curve('val_loss', []), true)).toBeNull();
  });
});

describe('a hint', () => {
  it('where validation turned while training went on, with the step to stop at', () => {
    const turning: Shape = (p, n) => Math.exp(-8 * p) + Math.max(0, p - 0.4) + 0.01 * n();
    for (const hint of hints(falling, turning)) {
      expect(hint?.kind).toBe('turned');
      expect(hint?.step).toBeGreaterThan(60);
      expect(hint?.step).toBeLessThan(100);
      const [best = NaN, last = NaN] = hint?.figures ?? [];
      expect(best).toBeLessThan(0.1);
      expect(last).toBeGreaterThan(0.5);
    }
  });

  it('of an accuracy as of a loss', () => {
    const turning: Shape = (p, n) => 0.5 + 0.4 * Math.exp(-((p - 0.4) ** 2) * 9) + 0.005 * n();
    const rising: Shape = (p, n) => 1 - 0.5 * Math.exp(-5 * p) + 0.005 * n();
    expect(new Set(hints(rising, turning, 200, false).map(hint => hint?.kind))).toEqual(
      new Set(['turned'])
    );
  });

  it('where training gets better than validation and the gap grows', () => {
    const halting: Shape = (p, n) => 0.4 + 0.6 * Math.exp(-8 * p) + 0.01 * n();
    const on: Shape = (p, n) => 1 - 0.9 * p + 0.01 * n();
    for (const hint of hints(on, halting)) {
      expect(hint?.kind).toBe('overfitting');
      const [middle = NaN, end = NaN] = hint?.figures ?? [];
      expect(end - middle).toBeGreaterThan(0.2);
    }
  });

  it('where both stay where they began', () => {
    const flat: Shape = (_, n) => 2.3 + 0.01 * n();
    const found = hints(flat, flat).map(hint => hint?.kind);
    expect(found.filter(kind => kind === 'underfitting').length).toBeGreaterThan(120);
    expect(found.filter(kind => kind !== 'underfitting' && kind !== undefined)).toEqual([]);
  });
});

describe('the model to go back to', () => {
  const points = curve('val_loss', [4, 3, 2, 1, 2, 3]);
  const files = ['a.pt', 'deep/MLmodel', 'deep/data.pkl', 'late.pt'].map((path, index) => ({
    path,
    media_type: '',
    size: 1,
    digest: '',
    time: [1.5, 2.1, 2.9, 4.5][index] ?? NaN
  }));
  const models = ['a.pt', 'deep', 'late.pt'].map(path => ({
    path,
    kind: 'file' as const,
    size: 1,
    files: 1
  }));

  it('is the last one that was whole before the curve went past the step', () => {
    expect(keptBefore({ models, artifacts: files }, points, 3)).toEqual({ path: 'deep', step: 2 });
    expect(keptBefore({ models, artifacts: files }, points, 1)).toEqual({ path: 'a.pt', step: 1 });
  });

  it('is none where none was kept by then', () => {
    expect(keptBefore({ models, artifacts: files }, points, 0)).toBeNull();
    expect(keptBefore({ models: [], artifacts: files }, points, 5)).toBeNull();
  });
});
