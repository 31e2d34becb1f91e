import { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IRun } from '../../api/types';
import { CommandIds } from '../../tokens';
import { openBelow } from '../marks/actionMenu';
import { rerunIcon } from '../marks/icons';

/**
 * What can be done with the run: the commands that are there, the rarer ones behind a menu.
 */
export function Actions(props: {
  run: IRun;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, commands, trans } = props;
  const runId = run.run_id;
  const args = { runId };
  const can = (command: string): boolean =>
    commands.hasCommand(command) && commands.isVisible(command, args);
  const repeats =
    run.kind === 'cell' || run.kind === 'span'
      ? [
          [CommandIds.rerunWith, trans.__('Rerun with changes…')],
          [CommandIds.sweep, trans.__('Sweep…')]
        ]
      : [];
  const buttons = repeats.filter(([command = '']) => can(command));
  const more = [
    CommandIds.openNotebook,
    CommandIds.exportNotebook,
    CommandIds.registerModel,
    CommandIds.compare,
    CommandIds.renameRun,
    CommandIds.starRuns,
    CommandIds.pinRuns,
    CommandIds.deleteRuns,
    CommandIds.restoreRuns
  ].filter(can);
  const openMenu = (event: React.MouseEvent<HTMLElement>): void => {
    const menu = new MenuSvg({ commands });
    for (const command of more) {
      menu.addItem({
        command,
        args: command === CommandIds.compare ? { runIds: [runId] } : args
      });
    }
    openBelow(menu, event.currentTarget);
  };
  return (
    <div className="jp-Runlore-actions">
      {repeats.length > 0 && (
        <button
          className="jp-mod-styled jp-mod-accept jp-Runlore-rerun"
          onClick={() => void commands.execute(CommandIds.rerun, args)}
        >
          <rerunIcon.react tag="span" />
          {trans.__('Rerun')}
        </button>
      )}
      {buttons.map(([command = '', label]) => (
        <button
          key={command}
          className="jp-mod-styled"
          onClick={() => void commands.execute(command, args)}
        >
          {label}
        </button>
      ))}
      {more.length > 0 && (
        <button className="jp-mod-styled" aria-haspopup="menu" onClick={openMenu}>
          {trans.__('More')} <span aria-hidden="true">▾</span>
        </button>
      )}
    </div>
  );
}
