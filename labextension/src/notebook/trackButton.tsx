import { Dialog, showDialog } from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { trackIcon, trackedIcon } from '../panels/marks/icons';
import { isTracked, Obstacle, track, untrack } from './tracking';

/** Milliseconds without a change of the notebook after which the button looks at it again. */
const PAUSE = 300;

/**
 * The button in a notebook's toolbar by which all that is run in it is recorded as one run.
 */
export class TrackButton extends ReactWidget {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Runlore-track');
    _panel.content.modelContentChanged.connect(this._soon, this);
    void _panel.context.ready.then(() => this._look());
  }

  override dispose(): void {
    clearTimeout(this._timer);
    Signal.clearData(this);
    super.dispose();
  }

  /** Track the notebook, or track it no longer; says what to do where it cannot be tracked. */
  async toggle(): Promise<void> {
    if (this._isPending) {
      return;
    }
    this._isPending = true;
    this.update();
    try {
      if (isTracked(this._panel)) {
        await untrack(this._panel);
      } else {
        const obstacle = await track(this._panel);
        if (obstacle) {
          await tell(obstacle, this._panel, this._trans);
        }
      }
    } finally {
      this._isPending = false;
      this._look();
    }
  }

  protected override render(): React.ReactElement {
    const trans = this._trans;
    const on = this._isOn;
    return (
      <ToolbarButtonComponent
        icon={on ? trackedIcon : trackIcon}
        label={this._isPending ? trans.__('Wait…') : on ? trans.__('Tracked') : trans.__('Track')}
        pressed={on}
        enabled={!this._isPending}
        tooltip={
          this._isPending
            ? trans.__('Waiting for the kernel')
            : on
              ? trans.__(
                  'This notebook is recorded as one run. Click to stop, and to take out %1',
                  '%track on'
                )
              : trans.__(
                  'Record this notebook as one run: adds a cell with %1 on top and runs it',
                  '%track on'
                )
        }
        onClick={() => void this.toggle()}
      />
    );
  }

  private _soon(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._look(), PAUSE);
  }

  private _look(): void {
    if (!this.isDisposed && !this._panel.isDisposed) {
      this._isOn = isTracked(this._panel);
      this.update();
    }
  }

  private _isOn = false;
  private _isPending = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Say why the notebook cannot be tracked, and what to do. */
async function tell(
  obstacle: Obstacle,
  panel: NotebookPanel,
  trans: TranslationBundle
): Promise<void> {
  const kernel = panel.sessionContext.kernelDisplayName;
  const body = {
    'read-only': trans.__(
      'This notebook is read-only, so no cell can be added to it. Save a copy of it, and track that.'
    ),
    busy: trans.__(
      'The kernel is at work on a cell. Wait for its end or interrupt it, then track the notebook.'
    ),
    'no kernel': trans.__('This notebook has no kernel. Choose one, then track the notebook.'),
    'other language': trans.__(
      'Runlore records what Python kernels run; this notebook runs in %1.',
      kernel
    ),
    'not installed': trans.__(
      'Runlore is not installed where the kernel %1 runs. Run %2 in a cell, then track the notebook.',
      kernel,
      '%pip install runlore'
    )
  }[obstacle];
  await showDialog({
    title: trans.__('Cannot track this notebook'),
    body,
    buttons: [Dialog.okButton()]
  });
}
