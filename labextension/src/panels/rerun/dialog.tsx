import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RefusedError } from '../../api/errors';
import { IJob } from '../../api/types';
import { RerunForm } from '../../model/rerunForm';
import { Runlore } from '../../model/runlore';
import { CheckList } from './checks';
import { Fold } from './field';
import { FormDialog } from './formDialog';
import { ParameterFields } from './parameters';
import { Surroundings } from './surroundings';

/**
 * Ask how runs are to be rerun, and have it done; the jobs, or null when it was dismissed.
 */
export function askRerun(
  runlore: Runlore,
  runIds: readonly string[],
  trans: TranslationBundle
): Promise<IJob[] | null> {
  const form = new RerunForm(runlore, runIds);
  void form.load();
  const [first] = runIds;
  const name = (runId: string): string => runlore.runs.get(runId)?.name ?? runId;
  const title =
    runIds.length === 1 && first !== undefined
      ? trans.__('Rerun %1', name(first))
      : trans.__('Rerun %1 runs', runIds.length);
  // eslint-disable-next-line jupyter/require-disposable-ownership -- it disposes of itself when it has been answered
  const dialog = new FormDialog(form, () => form.submit(), {
    title,
    body: ReactWidget.create(
      <UseSignal signal={form.changed}>
        {() => <RerunFormView {...{ form, trans }} jobs={runlore.jobs.active} nameOf={name} />}
      </UseSignal>
    ),
    okLabel: trans.__('Rerun'),
    cancelLabel: trans.__('Cancel')
  });
  return dialog.ask();
}

/**
 * The form of a rerun: the same again, unless something below is changed.
 */
export function RerunFormView(props: {
  form: RerunForm;
  jobs: readonly IJob[];
  nameOf: (runId: string) => string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, jobs, nameOf, trans } = props;
  const { refusal, changes } = form;
  const isTold = refusal instanceof RefusedError && refusal.parameter !== null;
  const count = changes.length;
  const changed =
    form.runIds.length > 1
      ? trans.__('as each was')
      : count === 0
        ? trans.__('as recorded')
        : changes.map(one => `${one.name} = ${form.text(one)}`).join(', ');
  return (
    <div className="jp-Runlore-form">
      <div className="jp-Runlore-exact" role="status">
        <strong>
          {form.isExact ? trans.__('Repeat exactly') : trans.__('Repeat with changes')}
        </strong>
        <span>
          {form.isExact
            ? trans.__(
                'The same code, parameters, random states and environment; a verdict says whether it came out the same.'
              )
            : trans.__('What is changed below differs from the recorded run.')}
        </span>
        {!form.isExact && (
          <button className="jp-Runlore-link" onClick={() => form.reset()}>
            {trans.__('Take the changes back')}
          </button>
        )}
      </div>
      <Fold title={trans.__('Parameters')} present={changed}>
        <ParameterFields {...{ form, trans }} />
      </Fold>
      <Surroundings {...{ form, jobs, trans }} />
      <CheckList {...{ form, nameOf, trans }} />
      {refusal && !isTold && (
        <div className="jp-Runlore-refusal" role="alert">
          {refusal.message}
        </div>
      )}
    </div>
  );
}
