import { ICellModel } from '@jupyterlab/cells';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

const LOAD = '%load_ext runlore';
const ON = '%track on';
const ON_LINE = /^%track on\b.*$/m;
const LOADS = /^%load_ext runlore\b/m;
const USES = /^%?%track\b|\brunlore\./m;
const IS_THERE =
  "__import__('importlib.util', fromlist=['find_spec']).find_spec('runlore') is not None";

/** Milliseconds after which a kernel that does not answer is held to be at work on a cell. */
const PATIENCE = 3000;
/** How often what ends a run is asked for again: a cell that fails makes the kernel forget all that waits behind it. */
const ATTEMPTS = 5;

/** Why a notebook cannot be tracked. */
export type Obstacle = 'read-only' | 'no kernel' | 'other language' | 'busy' | 'not installed';

/** Whether a cell of the notebook has all that follows recorded. */
export function isTracked(panel: NotebookPanel): boolean {
  return trackingCells(panel).length > 0;
}

/**
 * Have a notebook recorded from here on: by a cell on top that says so, which is run at once.
 *
 * @returns what stands in the way, and nothing is changed; null where the notebook is tracked.
 */
export async function track(panel: NotebookPanel): Promise<Obstacle | null> {
  const { sessionContext, content, context } = panel;
  if (context.contentsModel?.writable === false) {
    return 'read-only';
  }
  await sessionContext.ready;
  const kernel = sessionContext.session?.kernel;
  if (!kernel) {
    return 'no kernel';
  }
  const { language_info: language } = await kernel.info;
  if (language.name !== 'python') {
    return 'other language';
  }
  const asked = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    user_expressions: { there: IS_THERE }
  });
  const answer = await Promise.race([asked.done, after(PATIENCE)]);
  if (!answer) {
    asked.dispose();
    return 'busy';
  }
  const { content: reply } = answer;
  const found = 'user_expressions' in reply ? reply.user_expressions.there : undefined;
  const data = (found as { data?: Record<string, unknown> } | undefined)?.data;
  if (data?.['text/plain'] !== 'True') {
    return 'not installed';
  }
  const model = content.model;
  if (!model || panel.isDisposed || isTracked(panel)) {
    return null;
  }
  const first = [...model.cells].findIndex(cell => cell.type === 'code');
  const index = Math.max(first, 0);
  model.sharedModel.insertCell(index, {
    cell_type: 'code',
    source: `${LOAD}\n${ON}`,
    metadata: {}
  });
  const cell = content.widgets[index];
  if (cell) {
    await NotebookActions.runCells(content, [cell], sessionContext);
  }
  return null;
}

/**
 * Have a notebook recorded no longer: take out what says so, and end the run that is open.
 */
export async function untrack(panel: NotebookPanel): Promise<void> {
  const model = panel.content.model;
  if (!model) {
    return;
  }
  for (const cell of trackingCells(panel)) {
    const rest = cell.sharedModel.getSource().replace(ON_LINE, '').trim();
    const others = [...model.cells].filter(other => other !== cell);
    const isNeeded = others.some(other => has(other, USES)) && !others.some(one => has(one, LOADS));
    if (rest === '' || (rest === LOAD && !isNeeded)) {
      model.sharedModel.deleteCell([...model.cells].indexOf(cell));
    } else {
      cell.sharedModel.setSource(rest);
    }
  }
  const kernel = panel.sessionContext.session?.kernel;
  if (kernel) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // Where no run is open the kernel says so, to nobody.
      const { done } = kernel.requestExecute({ code: '%track off', store_history: false });
      const { content: reply } = await done;
      if (!['abort', 'aborted'].includes(reply.status)) {
        break;
      }
    }
  }
}

function trackingCells(panel: NotebookPanel): ICellModel[] {
  return [...(panel.content.model?.cells ?? [])].filter(cell => has(cell, ON_LINE));
}

function after(milliseconds: number): Promise<null> {
  return new Promise(done => setTimeout(() => done(null), milliseconds));
}

function has(cell: ICellModel, line: RegExp): boolean {
  return cell.type === 'code' && line.test(cell.sharedModel.getSource());
}
