import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IJob } from '../../api/types';
import { isExpected, verdictWords } from '../marks/marks';

/**
 * Tell that a rerun has ended, and with which verdict.
 */
export function notifyEnd(
  job: IJob,
  open: (runId: string) => void,
  trans: TranslationBundle
): void {
  const options: Notification.IOptions<null> = {
    autoClose: 8000,
    actions: [
      {
        label: trans.__('Details'),
        caption: trans.__('Open the run that the rerun made'),
        callback: () => open(job.run_id)
      }
    ]
  };
  const { verdict } = job;
  if (verdict) {
    const outcome = `${verdictWords(verdict, trans)}. ${verdict.reason}`;
    const words = trans.__('Rerun of %1: %2', job.name, outcome);
    if (isExpected(verdict)) {
      Notification.info(words, options);
    } else if (verdict.verdict === 'BIT-EXACT') {
      Notification.success(words, options);
    } else if (verdict.verdict === 'FAILED') {
      Notification.error(words, options);
    } else {
      Notification.warning(words, options);
    }
  } else if (job.state === 'cancelled') {
    Notification.info(trans.__('The rerun of %1 was stopped', job.name), options);
  } else {
    Notification.error(trans.__('The rerun of %1 failed: %2', job.name, job.error ?? ''), options);
  }
}
