import { showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IRun } from '../../api/types';
import { asPng, chartsAsSvg, download } from '../../charts/image';
import { ChartChoice } from '../../model/choices';
import { IRunStyle } from '../../model/colors';
import { CurvesModel } from '../../model/curves';
import { plotCode } from '../../model/plotCode';
import { seedGroups } from '../../model/seedGroups';
import { ActionMenu, openBelow } from '../marks/actionMenu';
import { runTitle } from '../marks/name';

/**
 * What the menu of the charts is about.
 */
export interface IChartsMenuOptions {
  runs: readonly IRun[];
  /** Those that are drawn. */
  metrics: readonly string[];
  styles: ReadonlyMap<string, IRunStyle>;
  /** What tells runs of one name apart, by run id. */
  marks?: ReadonlyMap<string, string> | undefined;
  curves: CurvesModel;
  choice: ChartChoice;
  onChange: (change: Partial<ChartChoice>) => void;
  /** Takes code for a cell. */
  onCode: (code: string) => void;
  /** Has all charts drawn while it is at work; left out where they are. */
  whole?: (work: () => Promise<string>) => Promise<string>;
  trans: TranslationBundle;
}

/**
 * How the curves are drawn besides what the controls say, and what can be taken from them.
 */
export class ChartsMenu extends ActionMenu {
  constructor(
    private readonly _root: HTMLElement,
    private readonly _options: IChartsMenuOptions
  ) {
    super();
    const { choice, onChange, onCode, runs, metrics, curves, trans } = _options;
    const isClock = choice.x === 'wall';
    this.add(trans.__('Logarithmic Horizontal Axis'), () => onChange({ logX: !choice.logX }), {
      isToggled: choice.logX && !isClock,
      isEnabled: !isClock
    });
    this.add(trans.__('Mark the Best Points'), () => onChange({ best: !choice.best }), {
      isToggled: choice.best
    });
    this.separate();
    for (const [group, label] of [
      ['none', trans.__('A Line for Each Run')],
      ['range', trans.__('Mean of Seeds, Least to Greatest')],
      ['sd', trans.__('Mean of Seeds ± Standard Deviation')]
    ] as const) {
      this.add(label, () => onChange({ group }), { isToggled: choice.group === group });
    }
    this.separate();
    this.add(trans.__('Download as PNG'), () => this._attempt(this._png()));
    this.add(trans.__('Download as SVG'), () => this._attempt(this._svg()));
    const ids = runs.map(run => run.run_id);
    this.add(trans.__('Download All Points as CSV'), () =>
      this._attempt(
        curves
          .table(ids, metrics)
          .then(table => download(new Blob([table], { type: 'text/csv' }), 'curves.csv'))
      )
    );
    this.add(trans.__('Copy as Plotly Code into a Cell'), () =>
      onCode(plotCode(runs, metrics, choice))
    );
  }

  private _picture(): Promise<string> {
    const { runs, styles, marks, choice, whole, trans } = this._options;
    const groups =
      choice.group === 'none' ? runs.map(run => ({ leader: run, runs: [run] })) : seedGroups(runs);
    const rows = groups.flatMap(({ leader, runs: { length } }) => {
      const color = styles.get(leader.run_id)?.color;
      const mark = length > 1 ? `×${length}` : (marks?.get(leader.run_id) ?? '');
      const name = `${runTitle(leader, trans)} ${mark}`.trimEnd();
      return color === undefined ? [] : [{ name, color }];
    });
    const draw = (): Promise<string> => chartsAsSvg(this._root, rows);
    return whole ? whole(draw) : draw();
  }

  private async _svg(): Promise<void> {
    download(new Blob([await this._picture()], { type: 'image/svg+xml' }), 'curves.svg');
  }

  private async _png(): Promise<void> {
    download(await asPng(await this._picture()), 'curves.png');
  }

  private _attempt(work: Promise<unknown>): void {
    const { trans } = this._options;
    work.catch((error: unknown) => {
      const told = error instanceof Error ? error : String(error);
      void showErrorMessage(trans.__('The curves cannot be downloaded'), told);
    });
  }
}

/** Open the menu under its button. */
export function openChartsMenu(
  button: HTMLElement,
  root: HTMLElement,
  options: IChartsMenuOptions
): void {
  openBelow(new ChartsMenu(root, options), button, 'right');
}
