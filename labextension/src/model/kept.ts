import { IArtifact, IRunDetail } from '../api/types';
import { ICurve } from './curve';

/**
 * A model that a run kept while it went on.
 */
export interface IKept {
  path: string;
  /** The last step that a curve had reached by then. */
  step: number;
}

/**
 * Of the models that a run kept, the last one before a curve went past a step; null where it kept none by then.
 *
 * When one was kept is told by the clock, as the points are: it belongs to the last point before it.
 */
export function keptBefore(
  run: Pick<IRunDetail, 'models' | 'artifacts'>,
  { step, time }: Pick<ICurve, 'step' | 'time'>,
  last: number
): IKept | null {
  const found = run.models.flatMap(({ path }) => {
    const files = run.artifacts.filter(file => file.path === path || isBelow(file, path));
    const when = Math.max(...files.map(file => file.time));
    const later = time.findIndex(one => one > when);
    const reached = step[(later < 0 ? time.length : later) - 1];
    return reached === undefined || reached > last ? [] : [{ path, step: reached, when }];
  });
  const latest = found.reduce<(IKept & { when: number }) | null>(
    (best, one) => (best === null || one.when > best.when ? one : best),
    null
  );
  return latest && { path: latest.path, step: latest.step };
}

function isBelow(file: IArtifact, folder: string): boolean {
  return file.path.startsWith(`${folder}/`);
}
