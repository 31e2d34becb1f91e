import { IRunGroup } from '../api/types';

/**
 * What the user looks for: a filter, an order and a field to group by, in the server's language.
 */
export interface IQuery {
  filter: string;
  /** As the server's `order_by`; empty for the newest first. */
  order: string;
  /** Empty for no groups. */
  group: string;
}

export const EVERYTHING: IQuery = { filter: '', order: '', group: '' };

/** The query as the server is asked, of a group or of all; pinned runs stand on top. */
export function asked(
  query: IQuery,
  group: IRunGroup | null,
  hasPinned: boolean
): { filter: string; order_by: string } {
  return {
    filter: bothOf(query.filter.trim(), group?.filter ?? ''),
    order_by: [hasPinned ? 'pinned DESC' : '', query.order].filter(key => key !== '').join(', ')
  };
}

function bothOf(one: string, other: string): string {
  return one !== '' && other !== '' ? `(${one}) and (${other})` : one + other;
}
