import { Clipboard, Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { STATISTICS, Statistic } from '../../api/metricTypes';
import { CompareModel } from '../../model/compare';
import { asCsv, asMarkdown } from '../../model/compareText';
import { ActionMenu, openBelow } from '../marks/actionMenu';
import { columnTitle } from '../runs/cell';

/**
 * Which number stands for a metric, and what can be taken from the table.
 */
class TableMenu extends ActionMenu {
  constructor(
    private readonly _model: CompareModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    const { look } = _model;
    const words: Record<Statistic, string> = {
      last: _trans.__('Last Values of Metrics'),
      best: _trans.__('Best Values of Metrics'),
      min: _trans.__('Least Values of Metrics'),
      max: _trans.__('Greatest Values of Metrics')
    };
    for (const statistic of STATISTICS) {
      this.add(words[statistic], () => look.set({ statistic }), {
        isToggled: look.now.statistic === statistic
      });
    }
    this.separate();
    this.add(_trans.__('Copy as Markdown'), () => this._copy(asMarkdown, 'Markdown'));
    this.add(_trans.__('Copy as CSV'), () => this._copy(asCsv, 'CSV'));
  }

  private _copy(write: typeof asCsv, name: string): void {
    const { shown, sorted } = this._model;
    const heads = shown.map(column => columnTitle(column, null, this._trans));
    Clipboard.copyToSystem(write(sorted, shown, [this._trans.__('Name'), ...heads]));
    Notification.success(this._trans.__('Copied as %1', name), { autoClose: 3000 });
  }
}

/** Open the menu of the table below a button. */
export function openTableMenu(
  button: HTMLElement,
  model: CompareModel,
  trans: TranslationBundle
): void {
  openBelow(new TableMenu(model, trans), button);
}
