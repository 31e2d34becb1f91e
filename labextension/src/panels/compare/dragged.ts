import { RunSelection } from '../../api/types';

/** The type under which runs are dragged within the page. */
const TYPE = 'application/vnd.runlore.runs+json';

/** Let the drag that begins carry runs; whoever does not know them gets their ids, or the filter, as text. */
export function carryRuns(transfer: DataTransfer, selection: RunSelection): void {
  transfer.setData(TYPE, JSON.stringify(selection));
  transfer.setData(
    'text/plain',
    'runs' in selection ? selection.runs.join('\n') : selection.filter
  );
  transfer.effectAllowed = 'copy';
}

/** Whether the drag carries runs; which they are is known only when they are dropped. */
export function carriesRuns(transfer: DataTransfer | null): transfer is DataTransfer {
  return transfer?.types.includes(TYPE) === true;
}

/** The runs that were dropped; null where there are none. */
export function droppedRuns(transfer: DataTransfer): RunSelection | null {
  try {
    const found = JSON.parse(transfer.getData(TYPE)) as unknown;
    return isSelection(found) ? found : null;
  } catch {
    return null; // another page's drag
  }
}

function isSelection(value: unknown): value is RunSelection {
  const { runs, filter, except } = (value ?? {}) as Record<string, unknown>;
  return isTexts(runs) || (typeof filter === 'string' && isTexts(except));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
