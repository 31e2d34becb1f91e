import { RunloreClient } from '../api/client';
import { ISavedFilter } from '../api/types';

/**
 * The queries that the user keeps, by name. Every method rejects as the client does.
 */
export class SavedFilters {
  constructor(
    private readonly _client: RunloreClient,
    /** The present query. */
    private readonly _query: () => { filter: string; order: string }
  ) {}

  all(): Promise<ISavedFilter[]> {
    return this._client.filters();
  }

  /** Keep the present query, in place of one of the same name. */
  save(name: string): Promise<void> {
    const { filter, order } = this._query();
    return this._client.saveFilter({ name, filter, order_by: order });
  }

  /** Keep a query no longer. */
  forget(name: string): Promise<void> {
    return this._client.deleteFilter(name);
  }
}
