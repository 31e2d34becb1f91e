import * as React from 'react';

/**
 * A field that leaves, of many things, those with the words that one types, and says beside it how many these are.
 */
export function SearchField(props: {
  label: string;
  value: string;
  onChange: (text: string) => void;
  /** Called for the Enter key; without it that does nothing. */
  onEnter?: () => void;
  /** How many things were found, in words. */
  status: string;
}): React.ReactElement {
  const { label, value, onChange, onEnter, status } = props;
  return (
    <p className="jp-Runlore-search">
      <input
        className="jp-mod-styled"
        type="search"
        placeholder={label}
        aria-label={label}
        value={value}
        onChange={event => onChange(event.target.value)}
        onKeyDown={event => event.key === 'Enter' && onEnter?.()}
      />
      <span role="status" className="jp-Runlore-faint">
        {status}
      </span>
    </p>
  );
}
