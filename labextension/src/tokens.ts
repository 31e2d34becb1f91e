import { Token } from '@lumino/coreutils';

import { Runlore } from './model/runlore';

/** The domain of the translations. */
export const DOMAIN = 'runlore';

/** The MIME type of the card under a tracked cell. */
export const CARD_MIME_TYPE = 'application/vnd.runlore.run.v1+json';

/**
 * The commands; those on a run take `runId`, those on a job the id of the run that it makes.
 */
export namespace CommandIds {
  export const openRun = 'runlore:open-run';
  export const compare = 'runlore:compare';
  export const diff = 'runlore:diff';
  export const rerun = 'runlore:rerun';
  export const rerunWith = 'runlore:rerun-with';
  export const openNotebook = 'runlore:open-notebook';
  export const exportNotebook = 'runlore:export-notebook';
  export const showQueue = 'runlore:show-queue';
  export const sweep = 'runlore:sweep';
  export const openSweep = 'runlore:open-sweep';
  export const registerModel = 'runlore:register-model';
  export const renameRun = 'runlore:rename-run';
  export const pinRuns = 'runlore:pin-runs';
  export const starRuns = 'runlore:star-runs';
  export const tagRuns = 'runlore:tag-runs';
  export const colorRuns = 'runlore:color-runs';
  export const deleteRuns = 'runlore:delete-runs';
  export const restoreRuns = 'runlore:restore-runs';
  export const undoDelete = 'runlore:undo-delete';
  export const stopJob = 'runlore:stop-job';
  export const showPanel = 'runlore:show-panel';
  export const refresh = 'runlore:refresh';
  export const trackNotebook = 'runlore:track-notebook';
  export const showNotebookRuns = 'runlore:show-notebook-runs';
  export const rerunNotebook = 'runlore:rerun-notebook';
  export const sweepNotebook = 'runlore:sweep-notebook';
  export const showCellRuns = 'runlore:show-cell-runs';
  export const rerunCell = 'runlore:rerun-cell';
}

/**
 * The recorded runs, kept up to date.
 */
export type IRunlore = Runlore;

/**
 * The token for the recorded runs.
 */
export const IRunlore = new Token<IRunlore>(
  'runlore:IRunlore',
  'The runs, curves and reruns that Runlore recorded, kept up to date while something shows them.'
);
