import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { RunSelection } from '../api/types';

/**
 * Which runs are compared: those shown in the charts as they come and go, or a selection that stays.
 */
export type CompareSource = 'shown' | RunSelection;

/** What tells two sources apart; in which order runs are named does not matter. */
export function sourceKey(source: CompareSource): string {
  if (source === 'shown') {
    return source;
  }
  return 'runs' in source
    ? `runs:${[...source.runs].sort().join()}`
    : `found:${JSON.stringify([source.filter, [...source.except].sort()])}`;
}

/** The source as arguments of a command. */
export function sourceArgs(source: CompareSource): ReadonlyPartialJSONObject {
  if (source === 'shown') {
    return {};
  }
  return 'runs' in source
    ? { runIds: source.runs }
    : { filter: source.filter, except: source.except };
}

/** The source that arguments of a command name: runs by their ids, all that a filter finds, else those shown. */
export function sourceOf(args: ReadonlyPartialJSONObject): CompareSource {
  const { runIds, filter, except } = args;
  if (isTexts(runIds) && runIds.length > 0) {
    return { runs: [...new Set(runIds)] };
  }
  return typeof filter === 'string' ? { filter, except: isTexts(except) ? except : [] } : 'shown';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
