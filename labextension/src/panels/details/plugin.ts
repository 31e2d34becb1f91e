import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIds, DOMAIN, IRunlore } from '../../tokens';
import { pageArea } from '../mainArea';
import { targetRun } from '../target';
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
    const tracker = new WidgetTracker<MainAreaWidget<RunDetails>>({ namespace: 'runlore-details' });
    const run = (command: string, runId: string): void => void commands.execute(command, { runId });
    const create = async (runId: string, tab?: string): Promise<MainAreaWidget<RunDetails>> => {
      const { RunDetails } = await import('./widget');
      const content = new RunDetails({
        runlore,
        runId,
        tab,
        highlight: languages && highlighter(languages),
        rendermime,
        commands,
        actions: {
          stop: id => run(CommandIds.stopJob, id),
          open: id => run(CommandIds.openRun, id)
        },
        trans
      });
      const widget = new MainAreaWidget({ content });
      widget.toolbar.hide(); // it holds nothing
      widget.id = `runlore-run-${runId}`;
      return widget;
    };

    commands.addCommand(CommandIds.openRun, {
      label: trans.__('Open Run Details'),
      caption: trans.__('Show everything recorded about a run'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            runId: { type: 'string', description: trans.__('The run to show') },
            tab: {
              type: 'string',
              enum: ['overview', 'curves', 'code', 'environment', 'artifacts', 'lineage', 'logs'],
              description: trans.__('The tab to open')
            },
            fromMenu: {
              type: 'boolean',
              description: trans.__('Whether the run is the one under the context menu')
            }
          }
        }
      },
      isEnabled: args => targetRun(app, runlore, args) !== undefined,
      execute: async args => {
        const runId = targetRun(app, runlore, args);
        if (runId === undefined) {
          return;
        }
        const tab = typeof args.tab === 'string' ? args.tab : undefined;
        let widget = tracker.find(other => other.content.runId === runId);
        if (!widget) {
          widget = await create(runId, tab);
          await tracker.add(widget);
          shell.add(widget, pageArea(shell), { type: 'Run Details' });
        } else if (tab !== undefined) {
          widget.content.openTab(tab);
        }
        shell.activateById(widget.id);
      }
    });

    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIds.openRun,
        args: widget => ({ runId: widget.content.runId }),
        name: widget => widget.content.runId
      });
    }
  }
};

function highlighter(languages: IEditorLanguageRegistry): Highlighter {
  return (code, node) =>
    languages.highlight(code, languages.findByMIME('text/x-ipython') ?? null, node);
}
