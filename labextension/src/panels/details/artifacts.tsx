import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { ProvenanceClient } from '../../api/provenance';
import { IModel } from '../../api/models';
import { IArtifact, IRunDetail } from '../../api/types';
import { formatSize } from '../../charts/format';
import { EmptyState } from '../marks/states';
import { Capped } from './capped';
import { modelOf, RegisterButton } from './models';
import { Preview } from './preview';
import { Highlighter } from './source';

/** Rows shown before the user asks for more. */
const FIRST = 100;

/**
 * The files that the run left, and a look into the chosen one.
 */
export function Artifacts(props: {
  run: IRunDetail;
  provenance: ProvenanceClient;
  rendermime: IRenderMimeRegistry | null;
  highlight: Highlighter | null;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, commands, trans } = props;
  const { artifacts } = run;
  const [chosen, setChosen] = React.useState<string | null>(artifacts[0]?.path ?? null);
  const shown = artifacts.find(artifact => artifact.path === chosen) ?? artifacts[0];
  if (!shown) {
    return (
      <EmptyState
        title={trans.__('No artifacts')}
        sentence={trans.__(
          'Keep a file with runlore.log_artifact, a figure with runlore.log_figure.'
        )}
      />
    );
  }
  const model = modelOf(run.models, shown.path);
  return (
    <div className="jp-Runlore-artifacts">
      <nav aria-label={trans.__('Artifacts')}>
        <Capped
          items={artifacts}
          first={FIRST}
          render={items => (
            <ul>
              {items.map(artifact => (
                <ArtifactRow
                  key={artifact.path}
                  artifact={artifact}
                  model={modelOf(run.models, artifact.path)}
                  isChosen={artifact === shown}
                  onChoose={() => setChosen(artifact.path)}
                  trans={trans}
                />
              ))}
            </ul>
          )}
          trans={trans}
        />
        {model && <RegisterButton runId={run.run_id} path={model.path} {...{ commands, trans }} />}
      </nav>
      <Preview key={`${shown.path} ${shown.digest}`} {...props} artifact={shown} />
    </div>
  );
}

function ArtifactRow(props: {
  artifact: IArtifact;
  model: IModel | undefined;
  isChosen: boolean;
  onChoose: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { artifact, model, isChosen, onChoose, trans } = props;
  return (
    <li>
      <button
        className="jp-Runlore-artifact"
        aria-current={isChosen}
        data-runlore-model={model?.path}
        title={artifact.path}
        onClick={onChoose}
      >
        <span>{artifact.path}</span>
        <span className="jp-Runlore-number" title={trans.__('%1 bytes', artifact.size)}>
          {formatSize(artifact.size)}
        </span>
      </button>
    </li>
  );
}
