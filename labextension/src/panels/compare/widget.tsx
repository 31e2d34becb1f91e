import { IStateDB } from '@jupyterlab/statedb';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { SplitPanel, Widget } from '@lumino/widgets';
import * as React from 'react';

import { IRun } from '../../api/types';
import { expectCharts } from '../../charts/plotly';
import { CompareModel } from '../../model/compare';
import { CompareSource } from '../../model/compareSource';
import { CurvesModel } from '../../model/curves';
import { IChange } from '../../model/live';
import { Runlore } from '../../model/runlore';
import { moveByKeys } from '../borders';
import { firstCurves } from '../curves/grid';
import { compareIcon } from '../marks/icons';
import { presentTime, VisibleWidget } from '../visible';
import { IDiffTools } from './diff/parts';
import { ComparePages } from './pages';
import { CompareRuns } from './runs';

/** Parts of the width and of the height that the table takes, until the user moves the border. */
const TABLE_SHARE = 0.36;
const TABLE_SHARE_ABOVE = 0.46;
/** Pixels of width below which the table stands above the pages: a window at 200 % has no more. */
const NARROW = 560;

/**
 * A comparison of runs in the main area: the runs at the left, ways to look at them at the right, or below where there
 * is little room.
 */
export class Compare extends SplitPanel {
  /** A comparison that looks as the last one was left. */
  static async create(options: Compare.IOptions): Promise<Compare> {
    const model = new CompareModel(options.runlore, options.source, options.state);
    await model.look.restore();
    return new Compare(model, options);
  }

  private constructor(
    readonly model: CompareModel,
    private readonly _options: Compare.IOptions
  ) {
    super({ orientation: 'horizontal', spacing: 1 });
    this.addClass('jp-Runlore-compare');
    this.title.icon = compareIcon;
    this.title.closable = true;
    this.addWidget(new TableSide(model, _options));
    this.addWidget(new PagesSide(model, _options));
    this.setRelativeSizes([TABLE_SHARE, 1 - TABLE_SHARE]);
    moveByKeys(this, _options.trans.__('Border between the runs and the pages'));
    model.runs.changed.connect(this._name, this);
    this._name();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
    }
    super.dispose();
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    const width = message.width < 0 ? this.node.offsetWidth : message.width;
    const orientation = width < NARROW ? 'vertical' : 'horizontal';
    // A page that is hidden has no width.
    if (width > 0 && orientation !== this.orientation) {
      this.orientation = orientation;
      const share = orientation === 'vertical' ? TABLE_SHARE_ABOVE : TABLE_SHARE;
      this.setRelativeSizes([share, 1 - share]);
    }
  }

  private _name(): void {
    const { trans } = this._options;
    const { list, source } = this.model.runs;
    const names = list.map(run => run.name);
    this.title.label =
      source === 'shown' || names.length < 2
        ? trans.__('Compare')
        : trans._n('Compare %1 run', 'Compare %1 runs', names.length);
    this.title.caption = names.slice(0, 20).join('\n');
  }
}

/**
 * The namespace for the options of `Compare`.
 */
export namespace Compare {
  export interface IOptions {
    runlore: Runlore;
    source: CompareSource;
    /** Where the way to look is kept across reloads; null to forget it with the page. */
    state: IStateDB | null;
    tools: IDiffTools;
    /** Opens the details of a run. */
    onOpen: (runId: string) => void;
    trans: TranslationBundle;
  }
}

class TableSide extends VisibleWidget {
  constructor(
    private readonly _model: CompareModel,
    private readonly _options: Compare.IOptions
  ) {
    super([_model.changed]);
    this.addClass('jp-Runlore-compare-runs');
  }

  protected override render(): React.ReactElement {
    const { runlore, onOpen, trans } = this._options;
    return (
      <CompareRuns
        model={this._model}
        known={runlore.runs.list}
        now={presentTime()}
        {...{ onOpen, trans }}
      />
    );
  }
}

class PagesSide extends VisibleWidget {
  constructor(
    private readonly _model: CompareModel,
    private readonly _options: Compare.IOptions
  ) {
    const curves = _options.runlore.newCurves();
    super([_model.changed, curves.changed]);
    this._curves = curves;
    this.addClass('jp-Runlore-compare-pages');
    expectCharts();
    _model.runs.changed.connect(this._onRuns, this);
    _options.runlore.fetched.connect(this._onFetched, this);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._options.runlore.fetched.disconnect(this._onFetched, this);
      this._model.runs.changed.disconnect(this._onRuns, this);
    }
    super.dispose();
  }

  protected override onAppear(): void {
    super.onAppear();
    this._interest = this._options.runlore.retain();
    this._askAhead(this._model.runs.known);
    void this._model.runs.load();
  }

  protected override onVanish(): void {
    super.onVanish();
    this._interest?.dispose();
    this._curves.request(null);
  }

  protected override render(): React.ReactElement {
    const { tools, onOpen, trans } = this._options;
    return (
      <ComparePages
        model={this._model}
        curves={this._curves}
        now={presentTime()}
        {...{ tools, onOpen, trans }}
      />
    );
  }

  private _onRuns(): void {
    this._askAhead(this._model.drawn);
  }

  /** Ask for the curves that the first page will draw, before it is there: the answer comes while it is made. */
  private _askAhead(runs: readonly IRun[]): void {
    if (!this._isAsked && runs.length > 0 && this._model.look.now.tab === 'curves') {
      this._isAsked = true;
      this._curves.request(firstCurves(runs));
    }
  }

  private _onFetched(_: Runlore, change: IChange): void {
    this._curves.invalidate(change.all ? undefined : [...change.runs]);
  }

  private readonly _curves: CurvesModel;
  private _isAsked = false;
  private _interest: IDisposable | null = null;
}
