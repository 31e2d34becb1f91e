import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun, IRunDetail } from '../../api/types';
import { StatusMark, VerdictBadge } from '../marks/marks';
import { runTitle } from '../marks/name';
import { Part } from './table';

/**
 * The run that this one repeats, and those that repeat it.
 */
export function Reruns(props: {
  run: IRunDetail;
  find: (runId: string) => IRun | undefined;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, find, onOpen, trans } = props;
  if (run.rerun_of === null && run.reruns.length === 0) {
    return (
      <Part title={trans.__('Reruns')}>
        <p>
          {trans.__('Not rerun yet. Rerun repeats this run and says whether it came out the same.')}
        </p>
      </Part>
    );
  }
  const list = (ids: readonly string[]): React.ReactElement => (
    <ul className="jp-Runlore-plainList">
      {ids.map(id => (
        <li key={id}>
          <RunLink {...{ id, onOpen, trans }} run={find(id)} />
        </li>
      ))}
    </ul>
  );
  return (
    <>
      {run.rerun_of !== null && <Part title={trans.__('Rerun of')}>{list([run.rerun_of])}</Part>}
      {run.reruns.length > 0 && <Part title={trans.__('Reruns')}>{list(run.reruns)}</Part>}
    </>
  );
}

function RunLink(props: {
  id: string;
  run: IRun | undefined;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { id, run, onOpen, trans } = props;
  return (
    <span className="jp-Runlore-runLink">
      <button className="jp-Runlore-link" onClick={() => onOpen(id)}>
        {run ? runTitle(run, trans) : trans.__('Run')}
      </button>
      <code>{id.slice(0, 12)}</code>
      {run && <StatusMark run={run} trans={trans} />}
      {run?.verdict && <VerdictBadge verdict={run.verdict} trans={trans} />}
    </span>
  );
}
