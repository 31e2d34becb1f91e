import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RefusedError } from '../../api/errors';
import { ISweepDetail } from '../../api/sweepTypes';
import { Runlore } from '../../model/runlore';
import { SweepForm } from '../../model/sweepForm';
import { Fold, SelectField, TextField } from '../rerun/field';
import { FormDialog } from '../rerun/formDialog';
import { SpaceFields } from './space';

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
  const { options, choices, metrics } = form;
  const same = (values: readonly string[]): { value: string; label: string }[] =>
    values.map(value => ({ value, label: choiceLabel(value, trans) }));
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
          { value: 'minimize', label: trans.__('less') },
          { value: 'maximize', label: trans.__('more') }
        ]}
        onChange={value => form.set({ direction: value === 'maximize' ? 'maximize' : 'minimize' })}
      />
      <TextField
        label={trans.__('Trials')}
        value={options.trials}
        hint={trans.__('in all')}
        onChange={value => form.set({ trials: value.replace(/\D/g, '') })}
      />
      <Fold
        title={trans.__('Search')}
        present={`${choiceLabel(options.sampler, trans)}, ${choiceLabel(options.pruner, trans)}`}
      >
        <SelectField
          label={trans.__('Sampler')}
          value={options.sampler}
          choices={same(choices?.sampler ?? [options.sampler])}
          onChange={sampler => form.set({ sampler })}
        />
        <SelectField
          label={trans.__('Pruner')}
          value={options.pruner}
          choices={same(choices?.pruner ?? [options.pruner])}
          onChange={pruner => form.set({ pruner })}
        />
        <SelectField
          label={trans.__('Value of a trial')}
          value={options.reading}
          choices={same(choices?.reading ?? [options.reading])}
          onChange={reading => form.set({ reading })}
        />
        <TextField
          label={trans.__('At a time')}
          value={options.jobs}
          placeholder={trans.__('as many as the queue')}
          onChange={value => form.set({ jobs: value.replace(/\D/g, '') })}
        />
        <TextField
          label={trans.__('Seeds')}
          value={options.seeds}
          hint={trans.__('fresh ones for each point')}
          onChange={value => form.set({ seeds: value.replace(/\D/g, '') })}
        />
      </Fold>
      <Fold title={trans.__('Conditions and name')} present={options.name || trans.__('none')}>
        <TextField
          label={trans.__('Only where')}
          value={options.conditions}
          placeholder="layers * width <= 512"
          onChange={conditions => form.set({ conditions })}
        />
        <TextField
          label={trans.__('Name')}
          value={options.name}
          onChange={name => form.set({ name })}
        />
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
            ? trans.__('Endlessly many points')
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
        trans.__('Give at least one parameter several values.')
      )}
    </div>
  );
}

/** Words for what the server's document lists; what is not known here has its own name. */
function choiceLabel(value: string, trans: TranslationBundle): string {
  const known: Record<string, string> = {
    tpe: trans.__('Parzen estimators (TPE)'),
    gp: trans.__('Gaussian process'),
    random: trans.__('random'),
    grid: trans.__('grid'),
    'coarse-to-fine': trans.__('coarse to fine'),
    population: trans.__('population-based training'),
    none: trans.__('no pruning'),
    median: trans.__('prune below the median'),
    halving: trans.__('successive halving'),
    hyperband: 'Hyperband',
    last: trans.__('the last point'),
    best: trans.__('the best point'),
    tail: trans.__('the mean of the last tenth')
  };
  return known[value] ?? value;
}
