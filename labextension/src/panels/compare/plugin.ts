import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CompareSource, sourceArgs, sourceKey, sourceOf } from '../../model/compareSource';
import { whenIdle } from '../../model/idle';
import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { compareIcon, swapIcon } from '../marks/icons';
import { MainAreaPages } from '../mainArea';
import { runArgs, targetRun } from '../target';
import { DropArea } from './dropArea';
import type { Compare } from './widget';

/**
 * Adds the comparison of runs in the main area, and the command that opens it.
 */
export const comparePlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:compare',
  description:
    'Compares runs in the main area: curves, parameters, code and everything around them.',
  autoStart: true,
  requires: [IRunlore],
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    IStateDB,
    IEditorLanguageRegistry,
    IRenderMimeRegistry,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    state: IStateDB | null,
    languages: IEditorLanguageRegistry | null,
    rendermime: IRenderMimeRegistry | null,
    translator: ITranslator | null
  ) => {
    const { commands, shell } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const pages = new MainAreaPages<Compare>({
      shell,
      restorer,
      id: 'runlore-compare',
      type: 'Compare Runs',
      command: CommandIds.compare,
      keyOf: page => sourceKey(page.model.runs.source),
      argsOf: page => sourceArgs(page.model.runs.source)
    });
    const create = async (source: CompareSource): Promise<Compare> => {
      const { Compare } = await import('./widget');
      const page = await Compare.create({
        runlore,
        source,
        state,
        tools: { languages, rendermime },
        onOpen: runId => void commands.execute(CommandIds.openRun, { runId }),
        trans
      });
      page.model.runs.changed.connect(() => pages.save(page));
      return page;
    };
    // What somebody looks at or marks is likely to be compared next.
    const expect = (): void => {
      runlore.selection.changed.disconnect(expect);
      runlore.marks.changed.disconnect(expect);
      whenIdle(() => void import('./widget').catch(() => undefined)); // to open it tells of it
    };
    runlore.selection.changed.connect(expect);
    runlore.marks.changed.connect(expect);
    const open = (source: CompareSource): Promise<Compare> =>
      pages.open(sourceKey(source), () => create(source));
    const comparisonAt = (node: Element): Compare | undefined =>
      pages.find(page => page.node === node);
    new DropArea(shell.node, {
      told: node =>
        comparisonAt(node)
          ? trans.__('Drop to add to this comparison')
          : trans.__('Drop to compare'),
      onDrop: (selection, node) => {
        const runs = comparisonAt(node)?.model.runs;
        const done = runs ? runs.add(selection) : open(selection);
        done.catch((error: unknown) =>
          showErrorMessage(
            trans.__('The runs cannot be compared'),
            error instanceof Error ? error : String(error)
          )
        );
      }
    });
    const texts = (description: string): ReadonlyPartialJSONObject => ({
      type: 'array',
      items: { type: 'string' },
      description
    });
    /** What the arguments name; from a context menu all marked runs, or the run there beside those shown. */
    const sourceFrom = (args: ReadonlyPartialJSONObject): CompareSource => {
      const runId = args.fromMenu === true ? targetRun(app, runlore, args) : undefined;
      if (runId === undefined) {
        return sourceOf(args);
      }
      const { marks, selection } = runlore;
      return marks.has(runId)
        ? marks.selection
        : { runs: [...new Set([...selection.shown, runId])] };
    };

    commands.addCommand(CommandIds.compare, {
      label: args => {
        const { marks } = runlore;
        return args.fromMenu === true && marks.count > 1
          ? trans._n('Compare %1 Run', 'Compare %1 Runs', marks.count)
          : args.fromMenu === true
            ? trans.__('Compare with Shown Runs')
            : trans.__('Compare Runs');
      },
      caption: trans.__('Compare runs in the main area: those named, else those shown'),
      icon: compareIcon,
      describedBy: runArgs(trans, {
        runIds: texts(trans.__('The runs to compare; those shown in the charts without any')),
        filter: { type: 'string', description: trans.__('Compare all runs that this finds') },
        except: texts(trans.__('Runs that the filter finds and that are left out'))
      }),
      execute: async args => {
        await open(sourceFrom(args));
      }
    });
    /** The two runs that the arguments name; from a context menu the two marked ones, or a rerun and its original. */
    const pairOf = (args: ReadonlyPartialJSONObject): [string, string] | undefined => {
      if (Array.isArray(args.runIds)) {
        const [a, b] = args.runIds as unknown[];
        return typeof a === 'string' && typeof b === 'string' && a !== b ? [a, b] : undefined;
      }
      const runId = targetRun(app, runlore, args);
      const original = runId === undefined ? null : runlore.runs.get(runId)?.rerun_of;
      return runId !== undefined && original ? [original, runId] : undefined;
    };
    commands.addCommand(CommandIds.diff, {
      label: trans.__('Diff Against Original'),
      caption: trans.__(
        'Show what differs between two runs: those named, else a rerun and its original'
      ),
      icon: swapIcon,
      describedBy: runArgs(trans, {
        runIds: texts(trans.__('The two runs; else a rerun and its original'))
      }),
      isEnabled: args => pairOf(args) !== undefined,
      isVisible: args => args.fromMenu !== true || pairOf(args) !== undefined,
      execute: async args => {
        const pair = pairOf(args);
        if (pair) {
          const { model } = await open({ runs: pair });
          model.choosePair(pair);
          model.look.set({ tab: 'diff' });
        }
      }
    });
    palette?.addItem({ command: CommandIds.diff, category: trans.__('Runlore') });
    palette?.addItem({ command: CommandIds.compare, category: trans.__('Runlore') });
  }
};
