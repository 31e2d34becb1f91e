import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IParameter } from '../../api/rerunTypes';
import { Fault, isChanged } from '../../model/parameterText';
import { RerunForm } from '../../model/rerunForm';
import { SelectField, TextField } from './field';

/**
 * The parameters of a run, each with its recorded value to start from.
 */
export function ParameterFields(props: {
  form: RerunForm;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, trans } = props;
  const { parameters, parametersError, runIds } = form;
  if (runIds.length > 1) {
    return (
      <p>
        {trans.__('Runs that are rerun together keep the parameters that each was recorded with.')}
      </p>
    );
  }
  if (parametersError) {
    return <p role="alert">{parametersError.message}</p>;
  }
  if (!parameters) {
    return <p role="status">{trans.__('Looking for parameters…')}</p>;
  }
  if (parameters.length === 0) {
    return (
      <p>
        {trans.__(
          'The cells of this run state no values that could be set: a parameter is a name that is given a number, a text or a list.'
        )}
      </p>
    );
  }
  return (
    <>
      {parameters.map(parameter => (
        <ParameterField key={parameter.name} {...{ form, parameter, trans }} />
      ))}
    </>
  );
}

function ParameterField(props: {
  form: RerunForm;
  parameter: IParameter;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, parameter, trans } = props;
  const { name, type, choices } = parameter;
  const value = form.text(parameter);
  const fault = form.fault(parameter);
  const was = isChanged(parameter, value) ? trans.__('was %1', parameter.text) : type;
  const common = {
    label: name,
    value,
    hint: was,
    error: fault === null ? null : faultWords(fault, trans),
    onChange: (text: string) => form.setText(name, text)
  };
  return choices === null ? (
    <TextField {...common} />
  ) : (
    <SelectField {...common} choices={choices.map(choice => ({ value: choice, label: choice }))} />
  );
}

/** What is wrong with a value, and what would be right. */
export function faultWords(fault: Fault | Error, trans: TranslationBundle): string {
  if (fault instanceof Error) {
    return fault.message;
  }
  return {
    whole: trans.__('This is a whole number, such as 8'),
    number: trans.__('This is a number, such as 0.001 or 1e-3'),
    list: trans.__('This is a list, such as [1, 2]'),
    choice: trans.__('This is none of the values that it may have')
  }[fault];
}
