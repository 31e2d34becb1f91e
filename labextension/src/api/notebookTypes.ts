import { IShortRun } from './types';

/**
 * What is recorded of a notebook, as `openapi.yaml` has it.
 */

/** A cell of a notebook of which there are runs. */
export interface IRecordedCell {
  /** As the front-end named it, where it did. */
  cell_id: string | null;
  /** As it was last run in one of the runs; null where that is lost. */
  source: string | null;
  /** How many runs there are. */
  count: number;
  /** The newest of them, newest first. */
  runs: IShortRun[];
}

export interface IRecordedNotebook {
  /** What runs call the notebook. */
  notebook: string;
  /** How many runs of it there are. */
  total: number;
  /** The newest of them. */
  newest: string | null;
  cells: IRecordedCell[];
}
