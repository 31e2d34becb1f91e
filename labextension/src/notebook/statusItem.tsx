import { Popup, showPopup } from '@jupyterlab/statusbar';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { JobsModel } from '../model/jobs';
import { IJobActions, JobsView } from '../panels/jobs/view';
import { rerunIcon } from '../panels/marks/icons';
import { VisibleWidget } from '../panels/visible';

/**
 * How many reruns are at work; a click shows how far each has come.
 */
export class StatusItem extends ReactWidget {
  constructor(private readonly _options: StatusItem.IOptions) {
    super();
    _options.jobs.changed.connect(this.update, this);
  }

  override dispose(): void {
    Signal.clearData(this);
    this._popup?.dispose();
    super.dispose();
  }

  protected override render(): React.ReactElement {
    const { jobs, trans } = this._options;
    const running = jobs.active.filter(job => job.state !== 'queued').length;
    const waiting = jobs.active.length - running;
    const words = trans._n('%1 rerun', '%1 reruns', running);
    const text = waiting > 0 ? trans.__('%1, %2 waiting', words, waiting) : words;
    return (
      <button
        className="jp-Runlore-statusItem"
        title={trans.__('Reruns at work: %1', text)}
        aria-haspopup="dialog"
        onClick={() => this._toggle()}
      >
        <rerunIcon.react tag="span" />
        {text}
      </button>
    );
  }

  private _toggle(): void {
    if (this._popup && !this._popup.isDisposed) {
      this._popup.dispose();
      this._popup = null;
      return;
    }
    const close = (): void => {
      this._popup?.dispose();
      this.node.querySelector('button')?.focus();
    };
    this._popup = showPopup({
      body: new JobsPopup(this._options, close),
      anchor: this,
      align: 'left',
      hasDynamicSize: true
    });
  }

  private _popup: Popup | null = null;
}

/**
 * The namespace for the options of `StatusItem`.
 */
export namespace StatusItem {
  export interface IOptions {
    jobs: JobsModel;
    actions: IJobActions;
    /** Open where all reruns are listed. */
    showAll(): void;
    trans: TranslationBundle;
  }
}

/** The reruns at work, with the way to all others. */
class JobsPopup extends VisibleWidget {
  constructor(
    private readonly _options: StatusItem.IOptions,
    private readonly _close: () => void
  ) {
    super([_options.jobs.changed]);
    this.addClass('jp-Runlore-statusPopup');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', _options.trans.__('Reruns'));
    this.node.tabIndex = -1;
    this.node.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this._close();
      }
    });
  }

  /** The keyboard goes on in it, since it stands far from what opened it. */
  protected override onAppear(): void {
    super.onAppear();
    this.node.focus();
  }

  protected override render(): React.ReactElement {
    const { jobs, actions, showAll, trans } = this._options;
    const closing =
      (act: (runId: string) => void) =>
      (runId: string): void => {
        this._close();
        act(runId);
      };
    const showQueue = (): void => {
      this._close();
      showAll();
    };
    return (
      <>
        <JobsView
          jobs={jobs.active}
          actions={{ ...actions, open: closing(actions.open) }}
          {...{ showQueue, trans }}
        />
        <button className="jp-Runlore-link" onClick={showQueue}>
          {trans.__('Show all reruns')}
        </button>
      </>
    );
  }
}
