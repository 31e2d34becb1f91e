import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { addressOf, IModel, IModelVersion } from '../../api/models';
import { IRunDetail } from '../../api/types';
import { CommandIds } from '../../tokens';
import { CopyButton } from './copy';
import { Part } from './table';

/**
 * Which models of the run are registered, each with its address; nothing where there is neither model nor version.
 */
export function Models(props: {
  run: IRunDetail;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { run, commands, trans } = props;
  const { models, registered } = run;
  if (models.length === 0 && registered.length === 0) {
    return null;
  }
  return (
    <Part title={trans.__('Registered models')}>
      {registered.length > 0 ? (
        <table className="jp-Runlore-table" aria-label={trans.__('Registered models')}>
          <tbody>
            {registered.map(one => (
              <VersionRow key={addressOf(one)} {...{ one, trans }} />
            ))}
          </tbody>
        </table>
      ) : (
        <p>
          {trans._n(
            'The run kept %1 model; it is not registered.',
            'The run kept %1 models; none is registered.',
            models.length
          )}
        </p>
      )}
      {models.length > 0 && (
        <RegisterButton runId={run.run_id} path={null} {...{ commands, trans }} />
      )}
    </Part>
  );
}

/**
 * A button that asks how a model of the run is to be registered; nothing where nobody can.
 */
export function RegisterButton(props: {
  runId: string;
  path: string | null;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { runId, path, commands, trans } = props;
  if (!commands.hasCommand(CommandIds.registerModel)) {
    return null;
  }
  const args = { runId, ...(path !== null && { path }) };
  return (
    <button
      className="jp-mod-styled"
      onClick={() => void commands.execute(CommandIds.registerModel, args)}
    >
      {trans.__('Register a model…')}
    </button>
  );
}

/** The model that an artifact is, or belongs to; undefined where it is none. */
export function modelOf(models: readonly IModel[], path: string): IModel | undefined {
  return models.find(model => model.path === path || path.startsWith(`${model.path}/`));
}

function VersionRow(props: { one: IModelVersion; trans: TranslationBundle }): React.ReactElement {
  const { one, trans } = props;
  const address = addressOf(one);
  return (
    <tr>
      <th scope="row">{one.name}</th>
      <td>{trans.__('version %1', one.version)}</td>
      <td>{one.path}</td>
      <td>
        <code>{address}</code>{' '}
        <CopyButton text={() => address} label={trans.__('Copy %1', address)} trans={trans} />
      </td>
    </tr>
  );
}
