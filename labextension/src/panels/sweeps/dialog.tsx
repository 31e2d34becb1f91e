import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RefusedError } from '../../api/errors';
import { ISweepDetail } from '../../api/sweepTypes';
import { Runlore } from '../../model/runlore';
import { SweepForm } from '../../model/sweepForm';
import { Fold, SelectField, TextField } from '../rerun/field';
import { FormDialog } from '../rerun/formDialog';
import {
  GpuFields,
  KernelFields,
  kernelWords,
  QueueFields,
  turnWords
} from '../rerun/surroundings';
import { SearchFields } from './search';
import { SpaceFields } from './space';

/** What a condition looks like, whatever the language. */
const CONDITION = 'layers * width <= 512';

/**
 * Ask which values of a run's parameters are to be tried, and begin that; null when it was dismissed.
 */
export async function askSweep(
  runlore: Runlore,
  runId: string,
  trans: TranslationBundle
): Promise<ISweepDetail | null> {
  const form = new SweepForm(runlore, runId);
  void form.load();
  // eslint-disable-next-line jupyter/require-disposable-ownership -- it disposes of itself when it has been answered
  const dialog = new FormDialog(form, () => form.submit(), {
    title: trans.__('Sweep %1', runlore.runs.get(runId)?.name ?? runId),
    body: ReactWidget.create(
      <UseSignal signal={form.changed}>{() => <SweepFormView {...{ form, trans }} />}</UseSignal>
    ),
    okLabel: trans.__('Begin'),
    cancelLabel: trans.__('Cancel')
  });
  dialog.addClass('jp-Runlore-sweepDialog');
  const begun = await dialog.ask();
  form.dispose();
  return begun;
}

/**
 * The form of a sweep: the space, what is sought, and how.
 */
export function SweepFormView(props: {
  form: SweepForm;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, trans } = props;
  const { options, metrics } = form;
  return (
    <div className="jp-Runlore-form">
      <SpaceFields {...{ form, trans }} />
      <SelectField
        label={trans.__('Metric')}
        value={options.metric}
        choices={metrics.map(value => ({ value, label: value }))}
        error={metrics.length === 0 ? trans.__('The run logged no metric to go by') : null}
        onChange={metric => form.set({ metric })}
      />
      <SelectField
        label={trans.__('Better is')}
        value={options.direction}
        choices={[
          { value: 'minimize', label: trans.__('lower') },
          { value: 'maximize', label: trans.__('higher') }
        ]}
        onChange={value => form.set({ direction: value === 'maximize' ? 'maximize' : 'minimize' })}
      />
      <TextField
        label={trans.__('Trials')}
        value={options.trials}
        hint={trans.__('in all')}
        onChange={value => form.set({ trials: value.replace(/\D/g, '') })}
      />
      <TextField
        label={trans.__('Time limit in minutes')}
        value={options.minutes}
        placeholder={trans.__('none')}
        hint={trans.__('no trial starts later')}
        error={form.badOptions.has('minutes') ? trans.__('This is a number of minutes') : null}
        onChange={value => form.set({ minutes: value.trim() })}
      />
      <SearchFields {...{ form, trans }} />
      <Fold title={trans.__('Conditions and name')} present={options.name || trans.__('none')}>
        <TextField
          label={trans.__('Only where')}
          value={options.conditions}
          placeholder={CONDITION}
          onChange={conditions => form.set({ conditions })}
        />
        <TextField
          label={trans.__('Name')}
          value={options.name}
          onChange={name => form.set({ name })}
        />
      </Fold>
      <Fold title={trans.__('Kernel and environment')} present={kernelWords(options, trans)}>
        <KernelFields {...{ form, trans }} />
      </Fold>
      <Fold
        title={trans.__('GPUs')}
        present={
          options.gpus === '' ? trans.__('as the run used') : trans.__('%1 a trial', options.gpus)
        }
      >
        <GpuFields {...{ form, trans }} />
      </Fold>
      <Fold title={trans.__('Queue')} present={turnWords(options, trans)}>
        <QueueFields {...{ form, trans }} />
      </Fold>
      <Outlook {...{ form, trans }} />
    </div>
  );
}

/** What it would come to, or why it cannot be had; nothing has begun yet. */
function Outlook(props: { form: SweepForm; trans: TranslationBundle }): React.ReactElement {
  const { form, trans } = props;
  const { check, refusal } = form;
  const isAtField = refusal instanceof RefusedError && refusal.parameter !== null;
  const hasSpace = Object.keys(form.request.parameters).length > 0;
  return (
    <div className="jp-Runlore-outlook" aria-live="polite">
      {refusal && !isAtField ? (
        <div className="jp-Runlore-refusal" role="alert">
          {refusal.message}
        </div>
      ) : check ? (
        trans.__(
          '%1 in %2; %3.',
          check.points === null
            ? trans.__('Unlimited points')
            : trans._n('%1 point', '%1 points', check.points),
          check.dimensions.join(' × '),
          check.trials === null
            ? trans.__('all of them are tried')
            : trans._n('%1 trial at the most', '%1 trials at the most', check.trials)
        )
      ) : hasSpace ? (
        isAtField ? (
          ''
        ) : (
          trans.__('Looking whether it can be had…')
        )
      ) : (
        trans.__('Choose a range or some values for at least one parameter.')
      )}
    </div>
  );
}
