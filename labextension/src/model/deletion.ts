import { RunloreClient } from '../api/client';
import { IAnnotation, RunSelection } from '../api/types';
import { DELETED_RUNS } from './query';

/** Runs that one request asks for. */
const PAGE = 1000;

/**
 * Hides runs until they are restored, and knows how to bring back those that were hidden last.
 */
export class DeletionModel {
  /**
   * @param _client - Asked which runs are hidden.
   * @param _annotate - Changes runs; how many are meant. Rejects as the client does.
   */
  constructor(
    private readonly _client: RunloreClient,
    private readonly _annotate: (runs: RunSelection, change: IAnnotation) => Promise<number>
  ) {}

  /** Whether runs were hidden here that have not been brought back. */
  get canUndo(): boolean {
    return this._last !== null;
  }

  /** Hide runs; how many are meant. Rejects as the client does. */
  async remove(runs: RunSelection): Promise<number> {
    const hidden = 'runs' in runs ? runs : await this._hiddenBy(runs);
    const count = await this._annotate(runs, { deleted: true });
    if (count > 0) {
      this._last = hidden;
    }
    return count;
  }

  /** Bring back what was hidden last; how many are meant. Rejects as the client does. */
  async undo(): Promise<number> {
    const last = this._last;
    if (last === null) {
      return 0;
    }
    this._last = null;
    try {
      return await this._annotate(last, { deleted: false });
    } catch (error) {
      this._last ??= last;
      throw error;
    }
  }

  /** What finds the runs once they are hidden, and none that were hidden before. */
  private async _hiddenBy(runs: {
    filter: string;
    except: readonly string[];
  }): Promise<RunSelection> {
    const filter = runs.filter === '' ? DELETED_RUNS : `(${runs.filter}) and ${DELETED_RUNS}`;
    const except = [...runs.except];
    for (let offset = 0, total = 1; offset < total; offset += PAGE) {
      const page = await this._client.runs({ filter, limit: PAGE, offset, metrics: [''] });
      except.push(...page.runs.map(run => run.run_id));
      total = page.total;
    }
    return { filter, except };
  }

  private _last: RunSelection | null = null;
}
