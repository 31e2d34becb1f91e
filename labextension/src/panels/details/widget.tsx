import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { IDisposable } from '@lumino/disposable';
import * as React from 'react';

import { CurvesModel } from '../../model/curves';
import { DetailModel } from '../../model/detail';
import { DraftStore } from '../../model/draft';
import { IChange } from '../../model/live';
import { Runlore } from '../../model/runlore';
import { runsIcon } from '../marks/icons';
import { runTitle } from '../marks/name';
import { ErrorState, LoadingState } from '../marks/states';
import { presentTime, VisibleWidget } from '../visible';
import { Highlighter } from './source';
import { DetailsView } from './view';

/**
 * The page of one run in the main area.
 */
export class RunDetails extends VisibleWidget {
  constructor(private readonly _options: RunDetails.IOptions) {
    const { runlore, runId } = _options;
    const detail = new DetailModel(runlore, runId, draftStore());
    const curves = runlore.newCurves();
    super([detail.changed, curves.changed, runlore.runs.changed, runlore.jobs.changed]);
    this._detail = detail;
    this._curves = curves;
    this.addClass('jp-Runlore-details');
    this.title.icon = runsIcon;
    const known = runlore.runs.get(runId);
    this.title.label = known ? runTitle(known, _options.trans) : _options.trans.__('Run');
    this.title.closable = true;
    runlore.fetched.connect(this._onFetched, this);
  }

  /** The run that is shown. */
  get runId(): string {
    return this._detail.runId;
  }

  /** Open one of the tabs. */
  openTab(tab: string): void {
    this._tab = tab;
    this.update();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._options.runlore.fetched.disconnect(this._onFetched, this);
      this._detail.dispose();
    }
    super.dispose();
  }

  protected override onAppear(): void {
    super.onAppear();
    this._interest = this._options.runlore.retain();
    void this._detail.load();
  }

  protected override onVanish(): void {
    super.onVanish();
    this._interest?.dispose();
    this._curves.request(null);
  }

  protected override render(): React.ReactElement {
    const { runlore, highlight, rendermime, commands, trans, actions } = this._options;
    const run = this._detail.run;
    if (!run) {
      const { error } = this._detail;
      return error ? (
        <ErrorState error={error} onRetry={() => void this._detail.load()} trans={trans} />
      ) : (
        <LoadingState trans={trans} />
      );
    }
    this.title.label = runTitle(run, trans);
    const { run_id: runId } = run;
    const shown = [...new Set([...runlore.selection.shown, runId])];
    const style = runlore.colors.styles(shown).get(runId) ?? { color: 0, dash: 'solid' };
    const { list } = runlore.jobs;
    return (
      <DetailsView
        {...{ run, style, highlight, rendermime, commands, trans }}
        now={presentTime()}
        job={list.find(job => job.run_id === runId) ?? runlore.jobs.latestOf(runId)}
        curves={this._curves}
        host={runlore}
        find={id => runlore.runs.get(id)}
        provenance={runlore.client.provenance}
        notes={this._detail.notes}
        hypothesis={this._detail.hypothesis}
        tab={this._tab}
        onTab={tab => this.openTab(tab)}
        onChange={change => this._detail.annotate(change)}
        onStop={actions.stop}
        onOpen={actions.open}
      />
    );
  }

  private _onFetched(_: Runlore, change: IChange): void {
    this._curves.invalidate(change.all ? undefined : [...change.runs]);
  }

  private _tab = 'overview';
  private readonly _detail: DetailModel;
  private readonly _curves: CurvesModel;
  private _interest: IDisposable | null = null;
}

/** Where texts are kept that could not be saved; null where the browser keeps nothing. */
function draftStore(): DraftStore | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/**
 * The namespace for the options of `RunDetails`.
 */
export namespace RunDetails {
  export interface IOptions {
    runlore: Runlore;
    runId: string;
    highlight: Highlighter | null;
    rendermime: IRenderMimeRegistry | null;
    commands: CommandRegistry;
    actions: {
      stop(jobId: string): void;
      open(runId: string): void;
    };
    trans: TranslationBundle;
  }
}
