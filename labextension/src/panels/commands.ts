import { refreshIcon } from '@jupyterlab/ui-components';

import { CommandIds } from '../tokens';
import { commandPlugin } from './commandPlugin';
import { keepFocusAroundMenu } from './contextMenu';
import { notifyEnd } from './jobs/notice';
import { rerun, stopJob } from './jobs/rerun';
import { rerunIcon, runsIcon, stopIcon } from './marks/icons';
import { PANEL_ID } from './sidebar/panel';
import { runArgs, targetRun } from './target';

/**
 * Adds the commands on runs and jobs, and tells when a rerun has ended.
 */
export const commandsPlugin = commandPlugin(
  'runlore:commands',
  'Adds the commands to rerun a run, to stop a rerun and to show the runs.',
  ({ app, runlore, trans, list }) => {
    const { commands, shell } = app;
    keepFocusAroundMenu(app);

    commands.addCommand(CommandIds.rerun, {
      label: trans.__('Rerun'),
      caption: trans.__('Repeat the run exactly, and say whether it came out the same'),
      icon: rerunIcon,
      describedBy: runArgs(trans),
      isEnabled: args => targetRun(app, runlore, args) !== undefined,
      execute: async args => {
        const runId = targetRun(app, runlore, args);
        if (runId !== undefined) {
          await rerun(runlore, runId, trans);
        }
      }
    });

    commands.addCommand(CommandIds.stopJob, {
      label: trans.__('Stop Rerun'),
      caption: trans.__('Stop the rerun that was queued last, where none is named'),
      icon: stopIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            runId: { type: 'string', description: trans.__('The run that the rerun makes') }
          }
        }
      },
      isEnabled: args => typeof args.runId === 'string' || runlore.jobs.active.length > 0,
      execute: async args => {
        const runId = typeof args.runId === 'string' ? args.runId : runlore.jobs.active[0]?.run_id;
        if (runId !== undefined) {
          await stopJob(runlore, runId, trans);
        }
      }
    });

    commands.addCommand(CommandIds.showPanel, {
      label: trans.__('Show Runs'),
      caption: trans.__('Show recorded runs and their curves in the sidebar'),
      icon: runsIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => shell.activateById(PANEL_ID)
    });

    commands.addCommand(CommandIds.refresh, {
      label: trans.__('Refresh Runs'),
      caption: trans.__('Load runs, curves and reruns again'),
      icon: refreshIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => runlore.refresh()
    });

    const { rerun: repeat, openRun, stopJob: stop, showPanel, refresh } = CommandIds;
    list(repeat, openRun, stop, showPanel, refresh);

    runlore.jobs.ended.connect((_, job) => {
      // A sweep has a page that follows its trials; that they differ from the original is their point.
      if (runlore.preferences.notifications && job.sweep === null) {
        notifyEnd(job, runId => void commands.execute(CommandIds.openRun, { runId }), trans);
      }
    });
  }
);
