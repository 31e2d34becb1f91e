import { PanelWithToolbar, refreshIcon, ToolbarButton } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal } from '@lumino/signaling';

import { CompareSource } from '../../model/compareSource';
import { Runlore } from '../../model/runlore';
import { currentView } from '../../model/view';
import { presentTime, VisibleWidget } from '../visible';
import { changeRuns, removeRuns, renameRun, restoreRemoved } from '../annotations/change';
import { compareIcon } from '../marks/icons';
import { chooseColumns } from './columnsDialog';
import { IRunsActions, RunsView } from './view';
import * as React from 'react';

/**
 * The section of the sidebar with the list of runs.
 */
export class RunsSection extends PanelWithToolbar {
  constructor(runlore: Runlore, actions: RunsSection.IActions, trans: TranslationBundle) {
    super();
    this.addClass('jp-Runlore-runs');
    this.title.label = trans.__('Runs');
    this.toolbar.addItem(
      'compare',
      new ToolbarButton({
        icon: compareIcon,
        label: trans.__('Compare'),
        onClick: () => actions.compare(runlore.marks.count > 0 ? runlore.marks.selection : 'shown'),
        tooltip: trans.__('Compare the marked runs in the main area; where none is, the shown ones')
      })
    );
    this.toolbar.addItem(
      'refresh',
      new ToolbarButton({
        icon: refreshIcon,
        onClick: () => runlore.refresh(),
        tooltip: trans.__('Load all again')
      })
    );
    this.addWidget(new RunsBody(runlore, actions, trans));
  }
}

/**
 * The namespace for the types of `RunsSection`.
 */
export namespace RunsSection {
  /** What is done elsewhere. */
  export type IActions = Pick<IRunsActions, 'open' | 'rerun' | 'rerunMarked'> & {
    /** Compares these runs in the main area. */
    compare: (source: CompareSource) => void;
    /** Tracks the notebook that is open; left out where there are no notebooks. */
    tracking?: ITracking;
  };

  export interface ITracking {
    /** Whether a notebook is open. */
    readonly isPossible: boolean;
    /** Emitted when another one is, or none. */
    readonly changed: ISignal<unknown, unknown>;
    track(): void;
  }
}

class RunsBody extends VisibleWidget {
  constructor(
    private readonly _runlore: Runlore,
    private readonly _elsewhere: RunsSection.IActions,
    private readonly _trans: TranslationBundle
  ) {
    const { runs, search, marks, columns, selection, choices, preferences } = _runlore;
    const models = [runs, search, marks, columns, selection, choices, preferences];
    super(
      [...models, ...(_elsewhere.tracking ? [_elsewhere.tracking] : [])].map(one => one.changed)
    );
    this._actions = {
      ..._elsewhere,
      toggle: runId => selection.toggle(runId),
      rename: runId => void renameRun(_runlore, runId, _trans),
      remove: runId => {
        if (runs.get(runId)?.deleted === false) {
          void removeRuns(_runlore, marks.around(runId), _trans);
        }
      },
      undo: () => void restoreRemoved(_runlore, _trans),
      change: change => {
        const { selection: marked } = marks;
        if (change.deleted === true) {
          void removeRuns(_runlore, marked, _trans);
          return;
        }
        if (change.deleted === false) {
          marks.clear(); // they leave the list of deleted ones
        }
        void changeRuns(_runlore, marked, change, _trans);
      },
      compare: () => _elsewhere.compare(marks.selection),
      chooseColumns: () =>
        void chooseColumns(columns, runs.list, currentView(_runlore).metric, _trans),
      track: null,
      retry: () => _runlore.refresh()
    };
    this.addClass('jp-Runlore-runsBody');
  }

  protected override render(): React.ReactElement {
    const { columns, runs } = this._runlore;
    const view = currentView(this._runlore);
    const named = columns.list.flatMap(column => (column.kind === 'metrics' ? column.name : []));
    runs.need(view.metric === null ? named : [view.metric, ...named]);
    return (
      <RunsView
        runlore={this._runlore}
        view={view}
        now={presentTime()}
        actions={this._actionsNow()}
        trans={this._trans}
      />
    );
  }

  /** The same object as before where the same can be done: rows are rendered again for another one. */
  private _actionsNow(): IRunsActions {
    const { tracking } = this._elsewhere;
    const isPossible = tracking?.isPossible === true;
    if (isPossible !== (this._actions.track !== null)) {
      const track = isPossible ? () => tracking.track() : null;
      this._actions = { ...this._actions, track };
    }
    return this._actions;
  }

  private _actions: IRunsActions;
}
