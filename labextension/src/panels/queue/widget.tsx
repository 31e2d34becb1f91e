import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import * as React from 'react';

import { metricNames } from '../../api/metrics';
import { IJob } from '../../api/types';
import { mainMetric } from '../../model/choices';
import { CurvesModel } from '../../model/curves';
import { IChange } from '../../model/live';
import { inOrder, movedPriority, QueueModel } from '../../model/queue';
import { Runlore } from '../../model/runlore';
import { showError } from '../jobs/rerun';
import { queueIcon } from '../marks/icons';
import { presentTime, VisibleWidget } from '../visible';
import { IRowData } from './row';
import { IWholeQueueActions, QueueView } from './view';

/** Points of a sparkline. */
const SPARK = 60;
/** Jobs at work whose curves are drawn. */
const MOST_DRAWN = 16;

/**
 * The queue in the main area.
 */
export class QueueWidget extends VisibleWidget {
  constructor(private readonly _options: QueueWidget.IOptions) {
    const { runlore } = _options;
    const queue = new QueueModel(runlore);
    const curves = runlore.newCurves();
    super([queue.changed, curves.changed, runlore.jobs.changed]);
    this._queue = queue;
    this._curves = curves;
    this.addClass('jp-Runlore-queue');
    this.title.label = _options.trans.__('Queue');
    this.title.icon = queueIcon;
    this.title.closable = true;
    runlore.fetched.connect(this._onFetched, this);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._options.runlore.fetched.disconnect(this._onFetched, this);
      this._queue.dispose();
    }
    super.dispose();
  }

  protected override onAppear(): void {
    super.onAppear();
    this._interest = this._options.runlore.retain();
    this._queue.start();
  }

  protected override onVanish(): void {
    super.onVanish();
    this._interest?.dispose();
    this._queue.stop();
    this._curves.request(null);
  }

  protected override render(): React.ReactElement {
    const { runlore, trans } = this._options;
    const jobs = inOrder(runlore.jobs.list);
    if (this._current === null && jobs[0]) {
      this._current = jobs[0].run_id;
      void this._queue.follow(this._current);
    }
    const metrics = this._metrics(jobs);
    this._curves.request(
      metrics.size === 0
        ? null
        : { runs: [...metrics.keys()], metrics: [...new Set(metrics.values())] }
    );
    const now = presentTime();
    const rowData = (job: IJob): IRowData => ({
      jobs: runlore.jobs.list,
      queue: this._queue.status,
      pace: this._queue.pace(job.run_id),
      spark: this._spark(job.run_id, metrics.get(job.run_id)),
      now
    });
    return (
      <QueueView
        {...{ jobs, rowData, trans }}
        queue={this._queue.status}
        error={this._queue.error}
        current={this._current}
        onCurrent={this._setCurrent}
        actions={this._actions}
      />
    );
  }

  /** The metric of each run at work that is drawn. */
  private _metrics(jobs: readonly IJob[]): Map<string, string> {
    const { runs, preferences } = this._options.runlore;
    const found = new Map<string, string>();
    for (const job of jobs.filter(job => job.state === 'running').slice(0, MOST_DRAWN)) {
      const run = runs.get(job.run_id);
      const metric = mainMetric(run ? metricNames(run) : [], null, preferences.metric);
      if (metric !== null) {
        found.set(job.run_id, metric);
      }
    }
    return found;
  }

  private _spark(runId: string, metric: string | undefined): number[] {
    const values = metric === undefined ? undefined : this._curves.get(runId, metric)?.value;
    if (!values) {
      return [];
    }
    const step = Math.max(values.length / SPARK, 1);
    return Array.from(
      { length: Math.min(values.length, SPARK) },
      (_, index) => values[Math.floor(index * step)] ?? NaN
    ).filter(Number.isFinite);
  }

  private readonly _setCurrent = (runId: string): void => {
    if (runId !== this._current) {
      this._current = runId;
      this.update();
      void this._queue.follow(runId);
    }
  };

  private async _try(work: Promise<unknown>): Promise<void> {
    const { trans } = this._options;
    try {
      await work;
    } catch (error) {
      await showError(trans.__('The queue cannot be changed so'), error);
    }
  }

  private _onFetched(_: Runlore, change: IChange): void {
    this._curves.invalidate(change.all ? undefined : [...change.runs]);
  }

  private readonly _actions: IWholeQueueActions = {
    open: job => this._options.open(job.run_id),
    openNotebook: job => this._options.openNotebook(job.run_id),
    openSweep: sweepId => this._options.openSweep(sweepId),
    stop: job => void this._try(this._options.runlore.jobs.stop(job.run_id)),
    retry: job => void this._try(this._options.runlore.jobs.retry(job.run_id)),
    hold: job => void this._try(this._options.runlore.jobs.change(job.run_id, { held: !job.held })),
    move: (job, by) => {
      const { jobs } = this._options.runlore;
      const priority = movedPriority(inOrder(jobs.list), job.run_id, by);
      if (priority !== null) {
        void this._try(jobs.change(job.run_id, { priority }));
      }
    },
    pause: paused => void this._try(this._queue.change({ paused })),
    setSlots: slots => void this._try(this._queue.change({ slots })),
    forget: () => void this._try(this._options.runlore.jobs.forget()),
    retryLoad: () => void this._queue.load()
  };
  private readonly _queue: QueueModel;
  private readonly _curves: CurvesModel;
  private _current: string | null = null;
  private _interest: IDisposable | null = null;
}

/**
 * The namespace for the options of `QueueWidget`.
 */
export namespace QueueWidget {
  export interface IOptions {
    runlore: Runlore;
    open(runId: string): void;
    openNotebook(runId: string): void;
    openSweep(sweepId: string): void;
    trans: TranslationBundle;
  }
}
