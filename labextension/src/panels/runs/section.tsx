import { PanelWithToolbar, refreshIcon, ToolbarButton } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Runlore } from '../../model/runlore';
import { currentView } from '../../model/view';
import { presentTime, VisibleWidget } from '../visible';
import { IRunActions } from './row';
import { RunsView } from './view';

/**
 * The section of the sidebar with the list of runs.
 */
export class RunsSection extends PanelWithToolbar {
  constructor(runlore: Runlore, actions: RunsSection.IActions, trans: TranslationBundle) {
    super();
    this.addClass('jp-Runlore-runs');
    this.title.label = trans.__('Runs');
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
  export type IActions = Pick<IRunActions, 'open' | 'rerun'>;
}

class RunsBody extends VisibleWidget {
  constructor(
    private readonly _runlore: Runlore,
    actions: RunsSection.IActions,
    private readonly _trans: TranslationBundle
  ) {
    const { runs, search, selection, choices, preferences } = _runlore;
    super([runs.changed, search.changed, selection.changed, choices.changed, preferences.changed]);
    this._actions = { ...actions, toggle: runId => selection.toggle(runId) };
    this.addClass('jp-Runlore-runsBody');
  }

  protected override render(): React.ReactElement {
    return (
      <RunsView
        runs={this._runlore.runs}
        search={this._runlore.search}
        view={currentView(this._runlore)}
        now={presentTime()}
        actions={this._actions}
        onRetry={() => this._runlore.refresh()}
        trans={this._trans}
      />
    );
  }

  private readonly _actions: IRunActions;
}
