import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { addressOf, IModel, IModelVersion } from '../../api/models';
import { formatSize } from '../../charts/format';
import { NameFault, Registration } from '../../model/registration';
import { Runlore } from '../../model/runlore';
import { Field, SelectField, TextField } from '../rerun/field';
import { FormDialog } from '../rerun/formDialog';

/**
 * Ask which model of a run is to be registered under which name, and have it done; null when it was dismissed.
 */
export async function askRegistration(
  runlore: Runlore,
  runId: string,
  path: string | null,
  trans: TranslationBundle
): Promise<IModelVersion | null> {
  const form = new Registration(runlore.client.models, runId, path);
  void form.load();
  // eslint-disable-next-line jupyter/require-disposable-ownership -- it disposes of itself when it has been answered
  const dialog = new FormDialog(form, () => form.submit(), {
    title: trans.__('Register a model of %1', runlore.runs.get(runId)?.name ?? runId),
    body: ReactWidget.create(
      <UseSignal signal={form.changed}>{() => <RegistrationView {...{ form, trans }} />}</UseSignal>
    ),
    okLabel: trans.__('Register'),
    cancelLabel: trans.__('Cancel')
  });
  const made = await dialog.ask();
  form.dispose();
  return made;
}

/**
 * The form of a registration.
 */
export function RegistrationView(props: {
  form: Registration;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, trans } = props;
  const { told, error, refusal, model } = form;
  if (!told) {
    return (
      <div className="jp-Runlore-form jp-Runlore-registration">
        {error ? (
          <div className="jp-Runlore-refusal" role="alert">
            {error.message}
          </div>
        ) : (
          <p role="status">{trans.__('Looking for models…')}</p>
        )}
      </div>
    );
  }
  if (!model) {
    return (
      <div className="jp-Runlore-form jp-Runlore-registration">
        <NoModel unkept={told.unkept} trans={trans} />
      </div>
    );
  }
  return (
    <div className="jp-Runlore-form jp-Runlore-registration">
      <SelectField
        label={trans.__('Model')}
        value={model.path}
        hint={modelHint(model, trans)}
        choices={told.models.map(({ path }) => ({ value: path, label: path }))}
        onChange={path => form.choose(path)}
      />
      <NameField {...{ form, trans }} />
      <TextField
        label={trans.__('Description')}
        value={form.description}
        hint={trans.__('of this version')}
        onChange={description => form.setDescription(description)}
      />
      {told.why !== null && (
        <p className="jp-Runlore-exact" role="status">
          <strong>
            {told.export === 'coming' || told.export === 'running'
              ? trans.__('It has to wait')
              : trans.__('It cannot be registered')}
          </strong>
          <span>{told.why}</span>
        </p>
      )}
      <Versions versions={told.registered} trans={trans} />
      {refusal && (
        <div className="jp-Runlore-refusal" role="alert">
          {refusal.message}
        </div>
      )}
    </div>
  );
}

function NameField(props: { form: Registration; trans: TranslationBundle }): React.ReactElement {
  const { form, trans } = props;
  const { name, nameFault, names, namesError, isKnown } = form;
  const list = React.useId();
  const hint =
    names === undefined
      ? trans.__('Asking MLflow for names…')
      : names === null
        ? trans.__('MLflow did not answer: %1', namesError?.message ?? '')
        : name === ''
          ? trans._n('%1 model is registered', '%1 models are registered', names.length)
          : isKnown
            ? trans.__('gets a new version')
            : trans.__('a new model');
  return (
    <Field
      label={trans.__('Name')}
      hint={hint}
      error={name === '' || nameFault === null ? null : faultWords(nameFault, trans)}
    >
      {attributes => (
        <>
          <input
            {...attributes}
            className="jp-mod-styled"
            type="text"
            list={list}
            spellCheck={false}
            autoComplete="off"
            required
            value={name}
            onChange={event => form.setName(event.target.value)}
          />
          <datalist id={list}>
            {names?.map(one => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** What the run has to log before there is anything to register. */
function NoModel(props: {
  unkept: readonly string[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { unkept, trans } = props;
  const [first] = unkept;
  return (
    <>
      <p>
        <strong>{trans.__('The run kept no model.')}</strong>
      </p>
      <p>
        {first === undefined
          ? trans.__(
              'Keep the file or folder that the model was saved to, in the cell that saves it, and run it again:'
            )
          : trans.__(
              'It wrote %1, and did not keep it. Log it in the cell that writes it, and run it again:',
              unkept.join(', ')
            )}
      </p>
      <pre className="jp-Runlore-source">{`runlore.log_artifact(${JSON.stringify(first ?? 'model.pt')})`}</pre>
      <p>
        {trans.__(
          'What mlflow.<flavor>.log_model logs in a tracked cell is kept by itself, and so is what lies in runlore.checkpoint().'
        )}
      </p>
    </>
  );
}

function Versions(props: {
  versions: readonly IModelVersion[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { versions, trans } = props;
  if (versions.length === 0) {
    return null;
  }
  return (
    <p>
      {trans.__('Registered of this run:')} {versions.map(addressOf).join(', ')}
    </p>
  );
}

function modelHint(model: IModel, trans: TranslationBundle): string {
  const words = {
    mlflow: trans.__('a folder that MLflow can load'),
    checkpoint: trans.__('the checkpoint of the run'),
    file: trans.__('a file')
  };
  return `${words[model.kind]} · ${formatSize(model.size)}`;
}

function faultWords(fault: NameFault, trans: TranslationBundle): string {
  return {
    empty: trans.__('A name is needed'),
    long: trans.__('At most 250 characters'),
    letters: trans.__('No / and no : and nothing invisible')
  }[fault];
}
