import { TranslationBundle } from '@jupyterlab/translation';
import { editIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IAnnotation, IRun } from '../../api/types';

/**
 * The name of the run, edited in place. An empty one takes back the recorded name.
 */
export function Title(props: {
  run: IRun;
  onChange: (change: IAnnotation) => Promise<void>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, onChange, trans } = props;
  const [text, setText] = React.useState<string | null>(null);
  const [why, setWhy] = React.useState('');
  const save = (event: React.FormEvent): void => {
    event.preventDefault();
    if (text === null || text.trim() === run.name) {
      setText(null);
      return;
    }
    onChange({ name: text.trim() === '' ? null : text.trim() }).then(
      () => {
        setText(null);
        setWhy('');
      },
      (error: unknown) => setWhy(error instanceof Error ? error.message : String(error))
    );
  };
  if (text === null) {
    return (
      <>
        <h2 title={run.name} onDoubleClick={() => setText(run.name)}>
          {run.name}
        </h2>
        <button
          className="jp-Runlore-iconButton"
          title={trans.__('Rename the run')}
          aria-label={trans.__('Rename the run')}
          onClick={() => setText(run.name)}
        >
          <editIcon.react tag="span" />
        </button>
      </>
    );
  }
  return (
    <form className="jp-Runlore-title" onSubmit={save}>
      <input
        className="jp-mod-styled"
        autoFocus
        aria-label={trans.__('Name; empty for the recorded one')}
        placeholder={trans.__('The recorded name')}
        value={text}
        onChange={event => setText(event.target.value)}
        onFocus={event => event.target.select()}
        onBlur={save}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            setText(null);
            setWhy('');
          }
        }}
      />
      {why !== '' && (
        <span className="jp-Runlore-error" role="alert">
          {why}
        </span>
      )}
    </form>
  );
}
