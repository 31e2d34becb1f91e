import { IRun } from '../api/types';
import { Column } from './columns';
import { Fact, factOf } from './compareColumns';

/** Begins what a spreadsheet would compute instead of showing. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * The table as comma-separated values, in full precision (RFC 4180).
 *
 * @param heads - What stands above the name and each column.
 */
export function asCsv(
  runs: readonly IRun[],
  columns: readonly Column[],
  heads: readonly string[]
): string {
  return rows(runs, columns, heads, fact => {
    // What a run is named must not become a formula in somebody's spreadsheet.
    const text = typeof fact === 'string' && FORMULA.test(fact) ? `'${fact}` : String(fact ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  })
    .map(row => `${row.join()}\r\n`)
    .join('');
}

/** The table as Markdown; what a run is named is no markup in it. */
export function asMarkdown(
  runs: readonly IRun[],
  columns: readonly Column[],
  heads: readonly string[]
): string {
  const [head = [], ...body] = rows(runs, columns, heads, fact =>
    String(fact ?? '')
      .replace(/[\\`*_{}[\]<>#|&~]/g, '\\$&')
      .replace(/\r?\n/g, ' ')
  );
  const rule = head.map((_, index) =>
    index > 0 && isNumeric(runs, columns[index - 1]) ? '--:' : '---'
  );
  return [head, rule, ...body].map(row => `| ${row.join(' | ')} |\n`).join('');
}

function rows(
  runs: readonly IRun[],
  columns: readonly Column[],
  heads: readonly string[],
  write: (fact: Fact) => string
): string[][] {
  return [
    heads.map(write),
    ...runs.map(run => [write(run.name), ...columns.map(column => write(told(run, column)))])
  ];
}

function told(run: IRun, column: Column): Fact {
  const fact = factOf(run, column);
  return column.kind === 'attribute' && column.name === 'started' && typeof fact === 'number'
    ? new Date(fact * 1000).toISOString()
    : fact;
}

function isNumeric(runs: readonly IRun[], column: Column | undefined): boolean {
  return column !== undefined && runs.every(run => typeof told(run, column) !== 'string');
}
