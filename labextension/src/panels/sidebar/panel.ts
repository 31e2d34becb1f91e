import { SidePanel } from '@jupyterlab/ui-components';
import { ITranslator } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { Message } from '@lumino/messaging';
import { AccordionPanel } from '@lumino/widgets';

import { Runlore } from '../../model/runlore';
import { DOMAIN } from '../../tokens';
import { moveByKeys } from '../borders';
import { CurvesSection } from '../curves/section';
import { JobsSection } from '../jobs/section';
import { runsIcon } from '../marks/icons';
import { RunsSection } from '../runs/section';
import { presentTime } from '../visible';

/** The id of the sidebar. */
export const PANEL_ID = 'runlore-runs';

/** Parts of the height, until the user moves a border. */
const CURVES_SHARE = 0.42;
const RUNS_SHARE = 1 - CURVES_SHARE;
const JOBS_SHARE = 0.18;

/**
 * The sidebar: curves, runs, and jobs when there are any.
 */
export class RunlorePanel extends SidePanel {
  constructor(options: RunlorePanel.IOptions) {
    super({ translator: options.translator });
    const trans = options.translator.load(DOMAIN);
    this.id = PANEL_ID;
    this.addClass('jp-Runlore-panel');
    this.title.icon = runsIcon;
    this.title.caption = trans.__('Runs');
    this._runlore = options.runlore;
    this._borderLabel = trans.__('Border between sections');
    this._curves = new CurvesSection(options.runlore, trans);
    this._runs = new RunsSection(options.runlore, options.actions, trans);
    this._jobs = new JobsSection(options.runlore, options.actions, trans);
    this._place();
    this._runlore.runs.changed.connect(this._place, this);
    this._runlore.jobs.changed.connect(this._place, this);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._runlore.runs.changed.disconnect(this._place, this);
      this._runlore.jobs.changed.disconnect(this._place, this);
      this._curves.dispose();
      this._jobs.dispose();
      this._interest?.dispose();
    }
    super.dispose();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._look();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._look();
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._look();
  }

  protected override onBeforeDetach(msg: Message): void {
    this._interest?.dispose();
    this._interest = null;
    super.onBeforeDetach(msg);
  }

  private _look(): void {
    if (this.isVisible) {
      this._interest ??= this._runlore.retain();
      this._place();
    } else {
      this._interest?.dispose();
      this._interest = null;
    }
  }

  // Only sections that have something to say; those that stay keep their proportion, which the user may have set.
  private _place(): void {
    const { runs, jobs } = this._runlore;
    const isEmpty = runs.isLoaded && runs.list.length === 0;
    const hasJobs = jobs.inSight(presentTime()).length > 0;
    const sections = [
      { widget: this._curves, share: CURVES_SHARE, isNeeded: !isEmpty },
      { widget: this._runs, share: RUNS_SHARE, isNeeded: true },
      { widget: this._jobs, share: JOBS_SHARE, isNeeded: hasJobs }
    ];
    if (sections.every(({ widget, isNeeded }) => isNeeded === (widget.parent !== null))) {
      return;
    }
    const sizes = this._accordion.relativeSizes();
    const before = new Map(this.widgets.map((widget, index) => [widget, sizes[index]]));
    const needed = sections.filter(section => section.isNeeded);
    const sum = (parts: readonly number[]): number => parts.reduce((a, b) => a + b, 0);
    const kept = sum(needed.map(({ widget }) => before.get(widget) ?? 0));
    const fresh = sum(needed.map(({ widget, share }) => (before.has(widget) ? 0 : share)));
    const shares = needed.map(({ widget, share }) => {
      const old = before.get(widget);
      return old === undefined ? share : ((1 - fresh) * old) / kept;
    });
    sections.filter(({ isNeeded }) => !isNeeded).forEach(({ widget }) => (widget.parent = null));
    needed.forEach(({ widget }, index) => {
      if (widget.parent === null) {
        this.insertWidget(index, widget);
      }
    });
    this._accordion.setRelativeSizes(shares);
    moveByKeys(this._accordion, this._borderLabel);
  }

  // What a side panel holds unless it is given something else; only newer versions of JupyterLab could make it here.
  private get _accordion(): AccordionPanel {
    if (!(this.content instanceof AccordionPanel)) {
      throw new Error('A side panel of this JupyterLab holds something else than an accordion');
    }
    return this.content;
  }

  private readonly _runlore: Runlore;
  private readonly _borderLabel: string;
  private readonly _curves: CurvesSection;
  private readonly _runs: RunsSection;
  private readonly _jobs: JobsSection;
  private _interest: IDisposable | null = null;
}

/**
 * The namespace for the options of `RunlorePanel`.
 */
export namespace RunlorePanel {
  export interface IOptions {
    runlore: Runlore;
    /** What rows and jobs do when they are clicked. */
    actions: RunsSection.IActions & JobsSection.IActions;
    translator: ITranslator;
  }
}
