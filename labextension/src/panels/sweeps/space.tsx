import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IParameter } from '../../api/rerunTypes';
import { ISpaceField, suggested } from '../../model/space';
import { SweepForm } from '../../model/sweepForm';

/**
 * What each parameter may be: as fields and, the same, as the text that a command line takes.
 */
export function SpaceFields(props: {
  form: SweepForm;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, trans } = props;
  if (!form.parameters) {
    return <p role="status">{trans.__('Looking for parameters…')}</p>;
  }
  if (form.parameters.length === 0) {
    return <p>{trans.__('The cells of this run state no values that could be swept.')}</p>;
  }
  return (
    <div className="jp-Runlore-space" role="group" aria-label={trans.__('Space of parameters')}>
      <div className="jp-Runlore-space-row jp-Runlore-space-heads" aria-hidden="true">
        <span>{trans.__('parameter, as recorded')}</span>
        <span>{trans.__('to try')}</span>
        <span />
        <span>{trans.__('the same as text')}</span>
      </div>
      {form.parameters.map(parameter => (
        <SpaceRow key={parameter.name} {...{ form, parameter, trans }} />
      ))}
    </div>
  );
}

function SpaceRow(props: {
  form: SweepForm;
  parameter: IParameter;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, parameter, trans } = props;
  const { name, text, type } = parameter;
  const field = form.field(parameter);
  const fault = form.fault(name);
  const id = React.useId();
  const kinds: Record<ISpaceField['kind'], string> = {
    recorded: trans.__('as recorded'),
    fixed: trans.__('one value'),
    values: trans.__('some values'),
    range: trans.__('a range')
  };
  const isNumber = type === 'int' || type === 'float';
  return (
    <div className="jp-Runlore-space-row" data-parameter={name}>
      <span className="jp-Runlore-space-name" title={trans.__('%1, recorded as %2', name, text)}>
        {name}
        <small>{text}</small>
      </span>
      <select
        className="jp-mod-styled"
        aria-label={trans.__('What %1 may be', name)}
        value={field.kind}
        onChange={event =>
          form.setField(parameter, suggested(event.target.value as ISpaceField['kind'], parameter))
        }
      >
        {(Object.keys(kinds) as ISpaceField['kind'][])
          .filter(kind => kind !== 'range' || isNumber || field.kind === 'range')
          .map(kind => (
            <option key={kind} value={kind}>
              {kinds[kind]}
            </option>
          ))}
      </select>
      {field.kind === 'range' ? (
        <RangeFields {...{ name, field, trans }} onChange={to => form.setField(parameter, to)} />
      ) : (
        <span />
      )}
      <input
        className="jp-mod-styled jp-Runlore-space-text"
        type="text"
        spellCheck={false}
        autoComplete="off"
        aria-label={trans.__('%1 as text', name)}
        aria-invalid={fault !== null}
        aria-describedby={fault === null ? undefined : `${id}-fault`}
        placeholder={text}
        value={form.text(name)}
        onChange={event => form.setText(name, event.target.value)}
      />
      {fault !== null && (
        <div className="jp-Runlore-field-error" id={`${id}-fault`} role="alert">
          {fault}
        </div>
      )}
    </div>
  );
}

function RangeFields(props: {
  name: string;
  field: ISpaceField & { kind: 'range' };
  onChange: (field: ISpaceField) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { name, field, onChange, trans } = props;
  const input = (part: 'low' | 'high' | 'step', label: string): React.ReactElement => (
    <input
      className="jp-mod-styled"
      type="text"
      spellCheck={false}
      autoComplete="off"
      aria-label={label}
      title={label}
      placeholder={part === 'step' ? trans.__('step') : undefined}
      value={field[part]}
      onChange={event => onChange({ ...field, [part]: event.target.value.trim() })}
    />
  );
  return (
    <span className="jp-Runlore-space-range">
      {input('low', trans.__('Least %1', name))}
      <span aria-hidden="true">–</span>
      {input('high', trans.__('Greatest %1', name))}
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Scale of %1', name)}
        value={field.scale}
        onChange={event =>
          onChange({ ...field, scale: event.target.value as typeof field.scale, step: '' })
        }
      >
        <option value="linear">{trans.__('linear')}</option>
        <option value="log">{trans.__('log')}</option>
        <option value="log2">{trans.__('powers of 2')}</option>
      </select>
      {field.scale === 'linear' ? input('step', trans.__('Step of %1', name)) : <span />}
    </span>
  );
}
