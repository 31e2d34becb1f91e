import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RefusedError } from '../../api/errors';

/** One sentence in the middle of an empty view. */
export function EmptyState(props: {
  title: string;
  sentence?: string;
  /** Lines to type. */
  code?: string;
  /** A way out of the emptiness. */
  action?: { label: string; act: () => void };
}): React.ReactElement {
  return (
    <div className="jp-Runlore-state">
      <div className="jp-Runlore-state-title">{props.title}</div>
      {props.sentence && <div>{props.sentence}</div>}
      {props.code && <pre className="jp-Runlore-state-code">{props.code}</pre>}
      {props.action && (
        <button className="jp-mod-styled" onClick={props.action.act}>
          {props.action.label}
        </button>
      )}
    </div>
  );
}

/** Said while the first answer is awaited. */
export function LoadingState(props: { trans: TranslationBundle }): React.ReactElement {
  return (
    <div className="jp-Runlore-state" role="status">
      {props.trans.__('Loading…')}
    </div>
  );
}

/** Why there is nothing to see, and the way to try again. */
export function ErrorState(props: {
  error: Error;
  onRetry: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { error, onRetry, trans } = props;
  const isRefused = error instanceof RefusedError;
  return (
    <div className="jp-Runlore-state" role="alert">
      <div className="jp-Runlore-state-title">
        {isRefused ? error.message : trans.__('The Runlore server extension does not answer')}
      </div>
      {!isRefused && <div>{error.message}</div>}
      <button className="jp-mod-styled jp-mod-accept" onClick={onRetry}>
        {trans.__('Retry')}
      </button>
    </div>
  );
}

/** A line above what is still shown from before. */
export function StaleBanner(props: {
  onRetry: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { onRetry, trans } = props;
  return (
    <div className="jp-Runlore-banner" role="alert">
      <span>{trans.__('The Runlore server extension does not answer')}</span>
      <button className="jp-Runlore-link" onClick={onRetry}>
        {trans.__('Retry')}
      </button>
    </div>
  );
}
