import { Clipboard } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** Milliseconds for which it is told that something was copied. */
const TOLD = 1500;

/**
 * A button that copies a text.
 */
export function CopyButton(props: {
  text: () => string;
  label: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, label, trans } = props;
  const [isDone, setDone] = React.useState(false);
  React.useEffect(() => {
    const timer = isDone ? setTimeout(() => setDone(false), TOLD) : undefined;
    return () => clearTimeout(timer);
  }, [isDone]);
  const Icon = isDone ? checkIcon : copyIcon;
  return (
    <button
      className="jp-Runlore-iconButton"
      title={isDone ? trans.__('Copied') : label}
      aria-label={isDone ? trans.__('Copied') : label}
      onClick={() => {
        Clipboard.copyToSystem(text());
        setDone(true);
      }}
    >
      <Icon.react tag="span" />
    </button>
  );
}
