import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ICheck } from '../../api/rerunTypes';
import { RerunForm } from '../../model/rerunForm';
import { checkIcons } from '../marks/icons';
import { MarkIcon } from '../marks/marks';

/**
 * What a rerun would start from, with its present answer.
 */
export function CheckList(props: {
  form: RerunForm;
  /** What a run is called. */
  nameOf: (runId: string) => string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { form, nameOf, trans } = props;
  const { checks, runIds } = form;
  return (
    <section
      className="jp-Runlore-checks"
      aria-label={trans.__('Before it starts')}
      aria-busy={!checks}
    >
      <h3>{trans.__('Before it starts')}</h3>
      {!checks && <p role="status">{trans.__('Looking at kernel, environment and data…')}</p>}
      {checks?.map(([runId, found]) => (
        <React.Fragment key={runId}>
          {runIds.length > 1 && <h4>{nameOf(runId)}</h4>}
          {found instanceof Error ? (
            <p role="alert">{found.message}</p>
          ) : (
            <ul>
              {found.map(check => (
                <CheckLine key={check.what} {...{ check, trans }} />
              ))}
            </ul>
          )}
        </React.Fragment>
      ))}
      {checks && runIds.length > checks.length && (
        <p>
          {trans.__('The other %1 are looked at when they start.', runIds.length - checks.length)}
        </p>
      )}
    </section>
  );
}

function CheckLine(props: { check: ICheck; trans: TranslationBundle }): React.ReactElement {
  const { check, trans } = props;
  const { what, state, sentence, details } = check;
  const title = {
    kernel: trans.__('Kernel'),
    environment: trans.__('Environment'),
    data: trans.__('Data'),
    gpus: trans.__('GPUs')
  }[what];
  const word = {
    ok: trans.__('ready'),
    differs: trans.__('differs'),
    unknown: trans.__('not known'),
    refused: trans.__('missing')
  }[state];
  return (
    <li data-check={what} data-state={state}>
      <span className="jp-Runlore-mark" data-check-state={state}>
        <MarkIcon icon={checkIcons[state]} />
        <span>{word}</span>
      </span>
      <div>
        <strong>{title}</strong> {sentence}
        {details.length > 0 && (
          <details>
            <summary>{trans._n('%1 detail', '%1 details', details.length)}</summary>
            <ul>
              {details.map(line => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </li>
  );
}
