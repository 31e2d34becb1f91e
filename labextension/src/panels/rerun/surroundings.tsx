import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IQueue } from '../../api/rerunTypes';
import { IJob } from '../../api/types';
import { formatSize } from '../../charts/format';
import { IPlaceForm, IPlaceOptions, LOCKED } from '../../model/place';
import { LEAST_SEEDS, RerunForm } from '../../model/rerunForm';
import { Fold, SelectField, TextField } from './field';

/**
 * Where and when a rerun happens: seeds, kernel, GPUs, place in the queue.
 */
export function Surroundings(props: {
  form: RerunForm;
  /** Jobs that may be waited for. */
  jobs: readonly IJob[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, trans } = props;
  const { options } = form;
  const seeds = options.isReseeded
    ? trans.__('the same, then %1 fresh ones', options.seeds)
    : trans.__('the same');
  const gpus = options.gpus === '' ? trans.__('as the run used') : options.gpus;
  return (
    <>
      <Fold title={trans.__('Seeds')} present={seeds}>
        <SeedFields {...{ form, trans }} />
      </Fold>
      <Fold title={trans.__('Kernel and environment')} present={kernelWords(options, trans)}>
        <KernelFields {...{ form, trans }} />
      </Fold>
      <Fold title={trans.__('GPUs')} present={gpus}>
        <GpuFields {...{ form, trans }} />
      </Fold>
      <Fold title={trans.__('Queue')} present={turnWords(options, trans)}>
        <QueueFields {...{ form, trans }} />
        <AfterField {...props} />
      </Fold>
    </>
  );
}

/** Which kernel is asked for. */
export function kernelWords({ kernel }: IPlaceOptions, trans: TranslationBundle): string {
  return kernel === LOCKED ? trans.__('rebuilt from the lock') : kernel || trans.__('as recorded');
}

/** When it is their turn. */
export function turnWords({ priority }: IPlaceOptions, trans: TranslationBundle): string {
  return priority === '' ? trans.__('as it comes') : trans.__('priority %1', priority);
}

interface IProps {
  form: IPlaceForm;
  trans: TranslationBundle;
}

function SeedFields(props: { form: RerunForm; trans: TranslationBundle }): React.ReactElement {
  const { form, trans } = props;
  const { isReseeded, seeds } = form.options;
  return (
    <>
      <SelectField
        label={trans.__('Random states')}
        value={isReseeded ? 'fresh' : 'same'}
        choices={[
          { value: 'same', label: trans.__('As recorded') },
          { value: 'fresh', label: trans.__('As recorded, then with fresh seeds') }
        ]}
        onChange={value => form.set({ isReseeded: value === 'fresh' })}
      />
      {isReseeded && (
        <TextField
          label={trans.__('Fresh seeds')}
          value={seeds}
          hint={trans.__('for a statistical verdict')}
          error={
            form.badOptions.has('seeds') ? trans.__('At least %1, at most 1000', LEAST_SEEDS) : null
          }
          onChange={value => form.set({ seeds: value })}
        />
      )}
    </>
  );
}

/** Which kernel, and what ails those that cannot be chosen. */
export function KernelFields({ form, trans }: IProps): React.ReactElement {
  const offered = form.kernels?.kernels ?? [];
  const unusable = offered.filter(kernel => !kernel.usable);
  const gatewayError = form.kernels?.gateway_error ?? null;
  return (
    <>
      <SelectField
        label={trans.__('Kernel')}
        value={form.options.kernel}
        choices={[
          { value: '', label: trans.__('As recorded') },
          { value: LOCKED, label: trans.__('Rebuilt from the lock') },
          ...offered.map(kernel => ({
            value: kernel.name,
            label: kernel.usable
              ? kernel.display_name
              : trans.__('%1 (cannot be used)', kernel.display_name),
            disabled: !kernel.usable
          }))
        ]}
        onChange={kernel => form.set({ kernel })}
      />
      {unusable.length + (gatewayError === null ? 0 : 1) > 0 && (
        <ul className="jp-Runlore-field-notes">
          {unusable.map(kernel => (
            <li key={kernel.name}>{`${kernel.display_name}: ${kernel.problem ?? ''}`}</li>
          ))}
          {gatewayError !== null && <li>{gatewayError}</li>}
        </ul>
      )}
    </>
  );
}

/** How many GPUs, which will do, and which there are. */
export function GpuFields({ form, trans }: IProps): React.ReactElement {
  const { gpus, gpuType, gpuMemory } = form.options;
  return (
    <>
      <TextField
        label={trans.__('How many')}
        value={gpus}
        placeholder={trans.__('as the run used')}
        hint={trans.__('a part of one: 0.5')}
        error={form.badOptions.has('gpus') ? trans.__('This is a number, 0 or more') : null}
        onChange={value => form.set({ gpus: value.trim() })}
      />
      <TextField
        label={trans.__('Type')}
        value={gpuType}
        placeholder={trans.__('any')}
        hint={trans.__('part of its name: h100')}
        onChange={value => form.set({ gpuType: value })}
      />
      <TextField
        label={trans.__('Memory at least')}
        value={gpuMemory}
        placeholder={trans.__('any')}
        hint={trans.__('each: 40GB')}
        onChange={value => form.set({ gpuMemory: value })}
      />
      {form.queue && <Devices {...{ queue: form.queue, trans }} />}
    </>
  );
}

/** The devices there are, and whether somebody has them. */
export function Devices(props: { queue: IQueue; trans: TranslationBundle }): React.ReactElement {
  const { queue, trans } = props;
  const devices = queue.backends.flatMap(backend => backend.devices);
  if (devices.length === 0) {
    return <p className="jp-Runlore-field-notes">{trans.__('No GPU is known here.')}</p>;
  }
  return (
    <ul className="jp-Runlore-field-notes">
      {devices.map(({ device, holders }) => (
        <li key={device.uuid}>
          {`${device.index}: ${device.name}, ${formatSize(device.memory)}, ${
            holders.length === 0
              ? trans.__('free')
              : trans._n('held by %1 job', 'held by %1 jobs', holders.length)
          }`}
        </li>
      ))}
    </ul>
  );
}

/** When it is a rerun's turn, and how long it may take. */
export function QueueFields({ form, trans }: IProps): React.ReactElement {
  const { priority, retries, timeout } = form.options;
  const bad = form.badOptions;
  return (
    <>
      <TextField
        label={trans.__('Priority')}
        value={priority}
        placeholder="0"
        hint={trans.__('greater ones go first')}
        error={bad.has('priority') ? trans.__('This is a whole number') : null}
        onChange={value => form.set({ priority: value.trim() })}
      />
      <TextField
        label={trans.__('Retries')}
        value={retries}
        placeholder="0"
        hint={trans.__('after a failure of the work')}
        error={bad.has('retries') ? trans.__('This is a whole number from 0 to 100') : null}
        onChange={value => form.set({ retries: value.trim() })}
      />
      <TextField
        label={trans.__('Time limit')}
        value={timeout}
        placeholder={trans.__('none')}
        hint={trans.__('minutes for one attempt')}
        error={bad.has('timeout') ? trans.__('This is a number of minutes') : null}
        onChange={value => form.set({ timeout: value.trim() })}
      />
    </>
  );
}

/** The job that must have succeeded before. */
function AfterField(props: {
  form: RerunForm;
  jobs: readonly IJob[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, jobs, trans } = props;
  return (
    <SelectField
      label={trans.__('Not before')}
      value={form.options.after}
      choices={[
        { value: '', label: trans.__('its turn') },
        ...jobs.map(job => ({
          value: job.run_id,
          label: trans.__('%1 (%2) has succeeded', job.name, job.run_id.slice(0, 8))
        }))
      ]}
      onChange={value => form.set({ after: value })}
    />
  );
}
