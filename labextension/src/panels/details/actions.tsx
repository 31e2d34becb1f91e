import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import * as React from 'react';

import { IRun } from '../../api/types';
import { CommandIds } from '../../tokens';
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
  const opened = React.useRef<Menu | null>(null);
  React.useEffect(() => () => opened.current?.dispose(), []);
  const openMenu = (event: React.MouseEvent<HTMLElement>): void => {
    opened.current?.dispose();
    opened.current = new Menu({ commands });
    for (const command of more) {
      opened.current.addItem({
        command,
        args: command === CommandIds.compare ? { runIds: [runId] } : args
      });
    }
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    opened.current.open(left, bottom);
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
