import { Dialog, InputDialog, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { RefusedError } from '../../api/errors';
import { Runlore } from '../../model/runlore';

/**
 * Rerun a run exactly. When the server refuses, say why; when another kernel would do, offer those there are.
 */
export async function rerun(
  runlore: Runlore,
  runId: string,
  trans: TranslationBundle,
  kernel?: string
): Promise<void> {
  try {
    await runlore.rerun([{ run_id: runId, kernel }]);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.kernels.length === 0) {
      await showError(trans.__('Cannot rerun'), error);
      return;
    }
    const other = await InputDialog.getItem({
      title: trans.__('Cannot rerun'),
      label: error.message,
      items: [...error.kernels],
      okLabel: trans.__('Rerun in this kernel')
    });
    if (other.button.accept && other.value !== null) {
      await rerun(runlore, runId, trans, other.value);
    }
  }
}

/** Stop a job; says so where that fails. */
export async function stopJob(
  runlore: Runlore,
  runId: string,
  trans: TranslationBundle
): Promise<void> {
  try {
    await runlore.jobs.stop(runId);
  } catch (error) {
    await showError(trans.__('Cannot stop the rerun'), error);
  }
}

/** Tell that something did not work, and why. */
export async function showError(title: string, error: unknown): Promise<void> {
  await showErrorMessage(title, error instanceof Error ? error.message : String(error), [
    Dialog.okButton()
  ]);
}
