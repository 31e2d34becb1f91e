import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { MainAreaPages } from '../mainArea';
import { runArgs, targetRun } from '../target';
import { Highlighter } from './source';
import type { RunDetails } from './widget';

/**
 * Adds the page of a run in the main area, and the command that opens it.
 */
export const detailsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'runlore:details',
  description: 'Shows everything recorded about a run in the main area.',
  autoStart: true,
  requires: [IRunlore],
  optional: [ILayoutRestorer, IEditorLanguageRegistry, IRenderMimeRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runlore: IRunlore,
    restorer: ILayoutRestorer | null,
    languages: IEditorLanguageRegistry | null,
    rendermime: IRenderMimeRegistry | null,
    translator: ITranslator | null
  ) => {
    const { commands, shell } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const pages = new MainAreaPages<RunDetails>({
      shell,
      restorer,
      id: 'runlore-run',
      type: 'Run Details',
      command: CommandIds.openRun,
      keyOf: page => page.runId,
      argsOf: page => ({ runId: page.runId })
    });
    const run = (command: string, runId: string): void => void commands.execute(command, { runId });
    const create = async (runId: string): Promise<RunDetails> => {
      const { RunDetails } = await import('./widget');
      return new RunDetails({
        runlore,
        runId,
        highlight: languages && highlighter(languages),
        rendermime,
        commands,
        actions: {
          stop: id => run(CommandIds.stopJob, id),
          open: id => run(CommandIds.openRun, id)
        },
        trans
      });
    };

    commands.addCommand(CommandIds.openRun, {
      label: trans.__('Open Run Details'),
      caption: trans.__('Show everything recorded about a run'),
      describedBy: runArgs(trans, {
        tab: {
          type: 'string',
          enum: ['overview', 'curves', 'code', 'environment', 'artifacts', 'lineage', 'logs'],
          description: trans.__('The tab to open')
        }
      }),
      isEnabled: args => targetRun(app, runlore, args) !== undefined,
      execute: async args => {
        const runId = targetRun(app, runlore, args);
        if (runId === undefined) {
          return;
        }
        const tab = typeof args.tab === 'string' ? args.tab : undefined;
        const page = await pages.open(runId, () => create(runId));
        if (tab !== undefined) {
          page.openTab(tab);
        }
      }
    });
  }
};

function highlighter(languages: IEditorLanguageRegistry): Highlighter {
  return (code, node) =>
    languages.highlight(code, languages.findByMIME('text/x-ipython') ?? null, node);
}
