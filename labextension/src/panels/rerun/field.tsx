import * as React from 'react';

/**
 * A labelled control of a form, with what is wrong with it below.
 */
export function Field(props: {
  label: string;
  /** Beside the control, in quiet letters. */
  hint?: string;
  error?: string | null;
  children: (attributes: {
    id: string;
    'aria-invalid': boolean;
    'aria-describedby': string | undefined;
  }) => React.ReactElement;
}): React.ReactElement {
  const { label, hint, error, children } = props;
  const id = React.useId();
  const hasError = error !== undefined && error !== null;
  return (
    <div className="jp-Runlore-field">
      <label htmlFor={id} title={label}>
        {label}
      </label>
      <div className="jp-Runlore-field-control">
        {children({
          id,
          'aria-invalid': hasError,
          'aria-describedby': hasError || hint ? `${id}-told` : undefined
        })}
        {(hasError || hint) && (
          <div
            id={`${id}-told`}
            className={hasError ? 'jp-Runlore-field-error' : 'jp-Runlore-field-hint'}
          >
            {hasError ? error : hint}
          </div>
        )}
      </div>
    </div>
  );
}

/**
 * A folded part of a form; what it says at present stands beside its title.
 */
export function Fold(props: {
  title: string;
  present: string;
  isOpen?: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <details className="jp-Runlore-fold" open={props.isOpen}>
      <summary>
        <span>{props.title}</span>
        <span className="jp-Runlore-fold-present" title={props.present}>
          {props.present}
        </span>
      </summary>
      <div className="jp-Runlore-fold-body">{props.children}</div>
    </details>
  );
}

/**
 * A line of text to fill in.
 */
export function TextField(props: {
  label: string;
  value: string;
  hint?: string;
  error?: string | null;
  placeholder?: string;
  onChange: (value: string) => void;
}): React.ReactElement {
  const { label, value, hint, error, placeholder, onChange } = props;
  return (
    <Field {...{ label, hint, error }}>
      {attributes => (
        <input
          {...attributes}
          className="jp-mod-styled"
          type="text"
          spellCheck={false}
          autoComplete="off"
          {...{ value, placeholder }}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/**
 * One of some values.
 */
export function SelectField(props: {
  label: string;
  value: string;
  hint?: string;
  error?: string | null;
  choices: readonly { value: string; label: string; disabled?: boolean }[];
  onChange: (value: string) => void;
}): React.ReactElement {
  const { label, value, hint, error, choices, onChange } = props;
  return (
    <Field {...{ label, hint, error }}>
      {attributes => (
        <select
          {...attributes}
          className="jp-mod-styled jp-Runlore-field-select"
          value={value}
          onChange={event => onChange(event.target.value)}
        >
          {choices.map(choice => (
            <option key={choice.value} value={choice.value} disabled={choice.disabled}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
