import { TranslationBundle } from '@jupyterlab/translation';

import { IRun } from '../../api/types';
import { SHORTEST } from '../../model/compareNames';

type Named = Pick<IRun, 'name' | 'rerun_of'>;

/** What tells a rerun from its original, whose name it has; empty for any other run. */
export function rerunMark(run: Named, trans: TranslationBundle): string {
  return run.rerun_of === null ? '' : trans.__('(rerun)');
}

/** The start of a run's id, which tells it from others of its name; commands take it in place of the id. */
export function shortId(runId: string): string {
  return `#${runId.slice(0, SHORTEST)}`;
}

/** The name of a run with what tells it from its original. */
export function runTitle(run: Named, trans: TranslationBundle): string {
  return `${run.name} ${rerunMark(run, trans)}`.trimEnd();
}
