import { PanelWithToolbar, ToolbarButton } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Runlore } from '../../model/runlore';
import { queueIcon } from '../marks/icons';
import { presentTime, VisibleWidget } from '../visible';
import { IJobActions, JobsView } from './view';

/**
 * The section of the sidebar with the reruns.
 */
export class JobsSection extends PanelWithToolbar {
  constructor(runlore: Runlore, actions: JobsSection.IActions, trans: TranslationBundle) {
    super();
    this.addClass('jp-Runlore-jobs');
    this.title.label = trans.__('Jobs');
    this.toolbar.addItem(
      'queue',
      new ToolbarButton({
        icon: queueIcon,
        onClick: () => actions.showQueue(),
        tooltip: trans.__('Show what runs, what waits and what has ended')
      })
    );
    this.addWidget(new JobsBody(runlore, actions, trans));
  }
}

/**
 * The namespace for the types of `JobsSection`.
 */
export namespace JobsSection {
  /** What is done elsewhere. */
  export interface IActions extends IJobActions {
    /** Shows the whole queue in the main area. */
    showQueue(): void;
  }
}

class JobsBody extends VisibleWidget {
  constructor(
    private readonly _runlore: Runlore,
    private readonly _actions: JobsSection.IActions,
    private readonly _trans: TranslationBundle
  ) {
    super([_runlore.jobs.changed]);
    this.addClass('jp-Runlore-jobsBody');
  }

  protected override render(): React.ReactElement {
    const jobs = this._runlore.jobs.inSight(presentTime());
    return (
      <JobsView
        jobs={jobs}
        actions={this._actions}
        showQueue={() => this._actions.showQueue()}
        trans={this._trans}
      />
    );
  }
}
