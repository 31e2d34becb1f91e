import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { decodeNumber } from '../../api/numbers';
import { IRung, IVerdict } from '../../api/types';
import { formatValue } from '../../charts/format';
import { Part } from './table';

/**
 * What is behind the verdict on a rerun: where the two part and why, rung by rung, and what was compared.
 */
export function Ladder(props: {
  verdict: IVerdict;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { verdict, trans } = props;
  const { divergence, causes = [], ladder = [] } = verdict;
  const { differs = [], checked = [], masked = [] } = verdict;
  const said = [...causes, ...ladder, ...differs, ...checked, ...masked];
  if (said.length === 0 && !divergence) {
    return null;
  }
  const first = ladder.findIndex(rung => rung.status === 'differs');
  return (
    <Part title={trans.__('Why this verdict')}>
      {divergence && (
        <p>
          {trans.__(
            'First difference: %1 at step %2, %3 here and %4 in the original.',
            divergence.metric,
            divergence.step,
            valueText(divergence.rerun, trans),
            valueText(divergence.original, trans)
          )}
        </p>
      )}
      {ladder.length > 0 && (
        <ol className="jp-Runlore-ladder" aria-label={trans.__('Why')}>
          {ladder.map((rung, index) => (
            <Rung key={rung.rung} rung={rung} isFirst={index === first} trans={trans} />
          ))}
        </ol>
      )}
      {ladder.length === 0 && <Sentences title={trans.__('Causes')} sentences={causes} />}
      <Sentences title={trans.__('What else differs')} sentences={differs} />
      <Sentences title={trans.__('Also compared')} sentences={checked} />
      <Sentences title={trans.__('Set aside')} sentences={masked} />
    </Part>
  );
}

function Rung(props: {
  rung: IRung;
  isFirst: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { rung, isFirst, trans } = props;
  const names: Record<IRung['rung'], string> = {
    code: trans.__('Code'),
    environment: trans.__('Environment'),
    data: trans.__('Data'),
    'random state': trans.__('Random state'),
    'threads and hardware': trans.__('Threads and hardware'),
    variables: trans.__('Variables'),
    uncontrolled: trans.__('Unrepeatable calls')
  };
  const words: Record<IRung['status'], string> = {
    same: rung.rung === 'uncontrolled' ? trans.__('none used') : trans.__('same'),
    differs: rung.rung === 'uncontrolled' ? trans.__('used') : trans.__('different'),
    'not recorded': trans.__('not known')
  };
  return (
    <li data-status={rung.status} data-first={isFirst}>
      <span className="jp-Runlore-ladder-sign" aria-hidden="true">
        {{ same: '=', differs: '≠', 'not recorded': '?' }[rung.status]}
      </span>
      <div>
        <b>{names[rung.rung]}</b> {words[rung.status]}
        {isFirst && <em>{trans.__('first cause')}</em>}
        {rung.evidence.map((sentence, index) => (
          <div key={index} className="jp-Runlore-faint">
            {sentence}
          </div>
        ))}
      </div>
    </li>
  );
}

function Sentences(props: {
  title: string;
  sentences: readonly string[];
}): React.ReactElement | null {
  const { title, sentences } = props;
  if (sentences.length === 0) {
    return null;
  }
  return (
    <details className="jp-Runlore-sentences" open={sentences.length <= 3}>
      <summary>
        {title} ({sentences.length})
      </summary>
      <ul>
        {sentences.map((sentence, index) => (
          <li key={index}>{sentence}</li>
        ))}
      </ul>
    </details>
  );
}

function valueText(
  value: NonNullable<IVerdict['divergence']>['original'],
  trans: TranslationBundle
): string {
  return value === null ? trans.__('no point') : formatValue(decodeNumber(value));
}
