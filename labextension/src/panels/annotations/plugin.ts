import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { IAnnotation } from '../../api/types';
import { COLOR_COUNT } from '../../model/colors';
import { CommandIds } from '../../tokens';
import { commandPlugin } from '../commandPlugin';
import { pinIcon, starIcon, trashIcon } from '../marks/icons';
import { runArgs, targetRun } from '../target';
import { changeRuns, removeRuns, renameRun, restoreRemoved, tagRuns } from './change';

/**
 * Adds the commands by which the user says something of runs: on the one that is meant, or on all marked ones where it
 * is marked.
 */
export const annotationsPlugin = commandPlugin(
  'runlore:annotations',
  'Adds the commands to name, pin, star, tag, colour, delete and restore runs.',
  ({ app, runlore, trans, list }) => {
    const target = (args: ReadonlyPartialJSONObject): string | undefined =>
      targetRun(app, runlore, args);
    const runOf = (args: ReadonlyPartialJSONObject): ReturnType<typeof runlore.runs.get> =>
      runlore.runs.get(target(args) ?? '');
    const set = (runId: string, change: IAnnotation): Promise<unknown> =>
      changeRuns(runlore, runlore.marks.around(runId), change, trans);
    const colorOf = (args: ReadonlyPartialJSONObject): number | null =>
      typeof args.color === 'number' && args.color >= 0 && args.color < COLOR_COUNT
        ? args.color
        : null;

    const add = (
      command: string,
      options: Omit<Parameters<typeof app.commands.addCommand>[1], 'execute' | 'describedBy'>,
      act: (runId: string, args: ReadonlyPartialJSONObject) => Promise<unknown>
    ): void => {
      app.commands.addCommand(command, {
        isEnabled: args => target(args) !== undefined,
        ...options,
        describedBy: runArgs(trans, {
          color: { type: 'integer', description: trans.__('A colour, from 0; none for the own') }
        }),
        execute: async args => {
          const runId = target(args);
          if (runId !== undefined) {
            await act(runId, args);
          }
        }
      });
    };

    add(CommandIds.renameRun, { label: trans.__('Rename Run…') }, runId =>
      renameRun(runlore, runId, trans)
    );
    add(
      CommandIds.starRuns,
      {
        label: args => (runOf(args)?.starred ? trans.__('Remove Star') : trans.__('Star Run')),
        icon: starIcon
      },
      runId => set(runId, { starred: !runlore.runs.get(runId)?.starred })
    );
    add(
      CommandIds.pinRuns,
      {
        label: args => (runOf(args)?.pinned ? trans.__('Unpin Run') : trans.__('Pin Run on Top')),
        icon: pinIcon
      },
      runId => set(runId, { pinned: !runlore.runs.get(runId)?.pinned })
    );
    add(CommandIds.tagRuns, { label: trans.__('Tag Run…') }, runId =>
      tagRuns(runlore, runlore.marks.around(runId), trans)
    );
    add(
      CommandIds.colorRuns,
      {
        label: args => {
          const color = colorOf(args);
          return color === null ? trans.__('Own Color') : trans.__('Color %1', color + 1);
        },
        className: 'jp-Runlore-colorItem',
        dataset: args => ({ color: String(colorOf(args) ?? '') })
      },
      (runId, args) => set(runId, { color: colorOf(args) })
    );
    add(
      CommandIds.deleteRuns,
      {
        label: trans.__('Delete Run'),
        icon: trashIcon,
        isVisible: args => runOf(args)?.deleted === false
      },
      runId => removeRuns(runlore, runlore.marks.around(runId), trans)
    );
    add(
      CommandIds.restoreRuns,
      { label: trans.__('Restore Run'), isVisible: args => runOf(args)?.deleted === true },
      runId => set(runId, { deleted: false })
    );

    app.commands.addCommand(CommandIds.undoDelete, {
      label: trans.__('Undo Deleting Runs'),
      isEnabled: () => runlore.deletion.canUndo,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => restoreRemoved(runlore, trans)
    });

    const {
      renameRun: rename,
      starRuns,
      pinRuns,
      tagRuns: tag,
      deleteRuns,
      undoDelete
    } = CommandIds;
    list(rename, starRuns, pinRuns, tag, deleteRuns, undoDelete);
  }
);
