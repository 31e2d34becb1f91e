import { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IAnnotation } from '../../api/types';

/**
 * The tags of the run, each of which can be taken away, and a field for another.
 */
export function Tags(props: {
  tags: Readonly<Record<string, string>>;
  onChange: (change: IAnnotation) => Promise<void>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { tags, onChange, trans } = props;
  const [text, setText] = React.useState('');
  const [why, setWhy] = React.useState('');
  const change = (name: string, value: string | null): void => {
    onChange({ tags: { [name]: value } }).then(
      () => {
        setWhy('');
        if (value !== null) {
          setText('');
        }
      },
      (error: unknown) => setWhy(error instanceof Error ? error.message : String(error))
    );
  };
  const add = (event: React.FormEvent): void => {
    event.preventDefault();
    const [, name, value] = /^\s*([^=]+?)\s*(?:=\s*(.*?))?\s*$/.exec(text) ?? [];
    if (name !== undefined) {
      change(name, value ?? '');
    }
  };
  return (
    <div className="jp-Runlore-tags">
      <ul className="jp-Runlore-chips" aria-label={trans.__('Tags')}>
        {Object.entries(tags).map(([name, value]) => (
          <li key={name}>
            <span title={`${name}=${value}`}>
              {name}
              {value !== '' && <b>{value}</b>}
            </span>
            <button
              className="jp-Runlore-iconButton"
              title={trans.__('Remove the tag %1', name)}
              aria-label={trans.__('Remove the tag %1', name)}
              onClick={() => change(name, null)}
            >
              <closeIcon.react tag="span" />
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={add}>
        <input
          className="jp-mod-styled"
          aria-label={trans.__('New tag')}
          placeholder={trans.__('name=value')}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <button className="jp-mod-styled" disabled={text.trim() === ''}>
          {trans.__('Add tag')}
        </button>
      </form>
      {why !== '' && (
        <p className="jp-Runlore-error" role="alert">
          {why}
        </p>
      )}
    </div>
  );
}
