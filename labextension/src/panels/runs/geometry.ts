import { SearchModel } from '../../model/search';

/** Heights in pixels; the style sheet has the same. */
export const ROW_HEIGHT = 40;
export const GROUP_HEIGHT = 28;
export const HEAD_HEIGHT = 24;

type Rows = SearchModel['rows'];

/** Where a row begins, in pixels below the column heads. */
export function rowTop(rows: Rows, index: number): number {
  const groups = rows.groupsBefore(index);
  return groups * GROUP_HEIGHT + (index - groups) * ROW_HEIGHT;
}

/** The height of a row. */
export function rowHeight(rows: Rows, index: number): number {
  return rows.isGroup(index) ? GROUP_HEIGHT : ROW_HEIGHT;
}
