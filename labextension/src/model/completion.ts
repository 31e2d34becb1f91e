import { metricsOf } from '../api/metrics';
import { IRun } from '../api/types';
import { LOADS } from './load';

/** Names offered at a time. */
const MOST = 8;

const ATTRIBUTES = [
  'name',
  'status',
  'verdict',
  'started',
  'duration',
  'experiment',
  'notebook',
  'kind',
  'user',
  'ended',
  'gpu',
  'gpus',
  'id',
  'session',
  'rerun_of',
  'sweep',
  'reruns',
  'pinned',
  'starred',
  'deleted',
  'notes',
  'hypothesis',
  ...LOADS
];

const WORDS: Readonly<Record<string, readonly string[]>> = {
  status: ['running', 'finished', 'failed', 'interrupted', 'killed'],
  verdict: [
    'BIT-EXACT',
    'NUMERICALLY CLOSE',
    'STATISTICALLY CONSISTENT',
    'STATISTICALLY EQUIVALENT',
    'DIVERGED',
    'UNVERIFIABLE',
    'FAILED'
  ]
};

/**
 * What may stand where the user types.
 */
export interface ICompletion {
  /** The part of the text that an option takes the place of. */
  start: number;
  end: number;
  options: readonly string[];
}

/**
 * Names and words that may be meant by what stands before the caret of a filter; none where nothing was begun.
 *
 * @param runs - Their metrics, parameters and tags are known by name.
 */
export function complete(text: string, caret: number, runs: readonly IRun[]): ICompletion {
  const before = text.slice(0, caret);
  const value = /\b(status|verdict)\s*!?=\s*'?([\w\- ]*)$/i.exec(before);
  if (value?.[1] !== undefined && value[2] !== undefined) {
    const words = WORDS[value[1].toLowerCase()] ?? [];
    const quote = before.endsWith(`'${value[2]}`) ? 1 : 0;
    return found(caret - value[2].length - quote, caret, value[2], words, quoteText);
  }
  const begun = /[^\s()=<>!~',"`]*$/.exec(before)?.[0] ?? '';
  const isInText = (before.match(/'/g) ?? []).length % 2 === 1;
  return begun === '' || isInText
    ? { start: caret, end: caret, options: [] }
    : found(caret - begun.length, caret, begun, [...names(runs), ...ATTRIBUTES]);
}

function found(
  start: number,
  end: number,
  begun: string,
  candidates: Iterable<string>,
  write = (candidate: string): string => candidate
): ICompletion {
  const wanted = begun.toLowerCase();
  const options = [...candidates].filter(candidate => {
    const plain = candidate.replace(/"/g, '').toLowerCase();
    // `lo` is meant to find metrics.loss too.
    return plain !== wanted && (plain.startsWith(wanted) || plain.includes(`.${wanted}`));
  });
  return { start, end, options: options.slice(0, MOST).map(write) };
}

function* names(runs: readonly IRun[]): Iterable<string> {
  for (const kind of ['metrics', 'params', 'tags'] as const) {
    const all =
      kind === 'metrics'
        ? metricsOf(runs)
        : [...new Set(runs.flatMap(run => Object.keys(run[kind])))];
    for (const name of all.sort()) {
      yield fieldName(kind, name);
    }
  }
}

function quoteText(word: string): string {
  return `'${word}'`;
}

/** The name of a metric, parameter or tag as a filter spells it: with a point, `loss.min` is the least loss. */
export function fieldName(kind: 'metrics' | 'params' | 'tags', name: string): string {
  const isPlain = kind === 'metrics' ? /^[\w/-]+$/ : /^[\w./-]+$/;
  return `${kind}.${isPlain.test(name) ? name : `"${name.replaceAll('"', '""')}"`}`;
}
