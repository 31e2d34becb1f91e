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

/** Runs named in one request: their ids stay within what a filter may be long. */
export const MOST_NAMED = 100;

/** Finds these runs; deleted ones too, which somebody asked for by name. */
export function named(runIds: readonly string[]): string {
  const texts = runIds.map(id => `'${id.replaceAll("'", "''")}'`);
  return `id in (${texts.join()}) and deleted in ('yes', 'no')`;
}

/** The ids in as many parts as requests can name them. */
export function inParts(runIds: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(runIds.length / MOST_NAMED) }, (_, part) =>
    runIds.slice(part * MOST_NAMED, (part + 1) * MOST_NAMED)
  );
}

/** The filter that finds the runs that are hidden until they are restored. */
export const DELETED_RUNS = 'deleted = yes';

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
