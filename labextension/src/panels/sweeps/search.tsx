import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ISweepOptions, SweepForm } from '../../model/sweepForm';
import { Fold, SelectField, TextField } from '../rerun/field';

/**
 * How the space of a sweep is searched: who proposes, who gives up, how often each point is tried.
 */
export function SearchFields(props: {
  form: SweepForm;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, trans } = props;
  const { options, choices } = form;
  const choice = (
    name: 'sampler' | 'pruner' | 'reading' | 'center',
    label: string
  ): React.ReactElement => (
    <SelectField
      label={label}
      value={options[name]}
      choices={(choices?.[name] ?? [options[name]]).map(value => ({
        value,
        label: name === 'center' ? centerLabel(value, trans) : choiceLabel(value, trans)
      }))}
      onChange={value => form.set({ [name]: value })}
    />
  );
  const number = (
    name: keyof ISweepOptions,
    label: string,
    words: { hint?: string; placeholder?: string }
  ): React.ReactElement => (
    <TextField
      {...{ label, ...words }}
      value={options[name]}
      onChange={value => form.set({ [name]: value.replace(/\D/g, '') })}
    />
  );
  const asRecorded = trans.__('as in the run');
  return (
    <Fold
      title={trans.__('Search')}
      present={`${choiceLabel(options.sampler, trans)}, ${choiceLabel(options.pruner, trans)}`}
    >
      {choice('sampler', trans.__('Sampler'))}
      {options.sampler === 'population' &&
        number('population', trans.__('Members'), { placeholder: '8' })}
      {choice('pruner', trans.__('Pruner'))}
      {options.pruner !== 'none' && (
        <>
          {number('leastSteps', trans.__('Least steps'), {
            hint: trans.__('before anything is pruned')
          })}
          {number('mostSteps', trans.__('Most steps'), {
            placeholder: asRecorded,
            hint: trans.__('of a whole training')
          })}
        </>
      )}
      {choice('reading', trans.__('Value of a trial'))}
      {number('jobs', trans.__('At a time'), { placeholder: trans.__('as many as the queue') })}
      {number('seeds', trans.__('Seeds'), { hint: trans.__('fresh ones for each point') })}
      {Number(options.seeds) > 1 && choice('center', trans.__('Value of several seeds'))}
      {number('samplerSeed', trans.__('Seed of the search'), {
        placeholder: trans.__('any'),
        hint: trans.__('the same proposals where one trial runs at a time')
      })}
    </Fold>
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

/** Words for what several seeds of a point come to. */
function centerLabel(value: string, trans: TranslationBundle): string {
  return { mean: trans.__('their mean'), median: trans.__('their median') }[value] ?? value;
}
