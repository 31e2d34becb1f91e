import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import * as React from 'react';

import { Runlore } from '../../model/runlore';
import { SweepModel } from '../../model/sweep';
import { showError } from '../jobs/rerun';
import { sweepIcon } from '../marks/icons';
import { ErrorState, LoadingState } from '../marks/states';
import { VisibleWidget } from '../visible';
import { ISweepActions, SweepView } from './view';

/** Trials that a sweep begins with where no budget was given. */
const DEFAULT_TRIALS = 100;

/**
 * One sweep in the main area.
 */
export class SweepWidget extends VisibleWidget {
  constructor(private readonly _options: SweepWidget.IOptions) {
    const model = new SweepModel(_options.runlore, _options.sweepId);
    super([model.changed, _options.runlore.runs.changed]);
    this._model = model;
    this.addClass('jp-Runlore-sweep');
    this.title.label = _options.trans.__('Sweep');
    this.title.icon = sweepIcon;
    this.title.closable = true;
  }

  get sweepId(): string {
    return this._options.sweepId;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._model.dispose();
    }
    super.dispose();
  }

  protected override onAppear(): void {
    super.onAppear();
    this._interest = this._options.runlore.retain();
    this._model.start();
  }

  protected override onVanish(): void {
    super.onVanish();
    this._interest?.dispose();
    this._model.stop();
  }

  protected override render(): React.ReactElement {
    const { runlore, trans } = this._options;
    const { sweep, error, plots, plotsError, isDrawing } = this._model;
    if (!sweep) {
      return error ? (
        <ErrorState error={error} onRetry={() => void this._model.load()} trans={trans} />
      ) : (
        <LoadingState trans={trans} />
      );
    }
    const { run_id: runId, name } = sweep.request;
    const original = runlore.runs.get(runId)?.name ?? runId.slice(0, 8);
    this.title.label = name ?? trans.__('Sweep of %1', original);
    return (
      <SweepView
        {...{ sweep, plots, plotsError, isDrawing, error, trans }}
        name={original}
        actions={this._actions}
      />
    );
  }

  private async _change(change: { wish?: 'run' | 'stop'; trials?: number }): Promise<void> {
    const { trans } = this._options;
    try {
      await this._model.change(change);
    } catch (error) {
      await showError(trans.__('The sweep cannot be changed so'), error);
    }
  }

  private readonly _actions: ISweepActions = {
    open: runId => this._options.open(runId),
    stop: () => void this._change({ wish: 'stop' }),
    resume: () => void this._change({ wish: 'run' }),
    extend: more => {
      const budget = this._model.sweep?.request.trials ?? DEFAULT_TRIALS;
      void this._change({ wish: 'run', trials: budget + more });
    },
    retry: () => void this._model.load()
  };
  private readonly _model: SweepModel;
  private _interest: IDisposable | null = null;
}

/**
 * The namespace for the options of `SweepWidget`.
 */
export namespace SweepWidget {
  export interface IOptions {
    runlore: Runlore;
    sweepId: string;
    open(runId: string): void;
    trans: TranslationBundle;
  }
}
