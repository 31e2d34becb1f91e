import { Cell, ICodeCellModel, ICellModel } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { ICellMark, ICellNow, NotebookRecord } from '../model/notebookRecord';
import { Preferences } from '../model/preferences';
import { editedIcon, recordedIcon } from '../panels/marks/icons';
import { CARD_MIME_TYPE } from '../tokens';
import { readCard } from './card';

/** Milliseconds without a change of a cell after which its mark is looked at again. */
const TYPING = 300;

/**
 * Marks, beside the prompts of one notebook, the cells whose runs are recorded, and those edited since.
 */
export class CellMarks implements IDisposable {
  constructor(private readonly _options: CellMarks.IOptions) {
    const { panel, record, preferences } = _options;
    record.changed.connect(this._drawAll, this);
    preferences.changed.connect(this._drawAll, this);
    panel.content.modelChanged.connect(this._follow, this);
    this._follow();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      clearTimeout(this._timer);
      this._marks.forEach(mark => mark.remove());
      this._marks.clear();
      Signal.clearData(this);
    }
  }

  /** Follow the cells of the notebook, whoever changes them. */
  private _follow(): void {
    const { content } = this._options.panel;
    content.model?.cells.changed.connect(this._onCells, this);
    this._onCells();
  }

  private _onCells(): void {
    for (const { sharedModel } of this._options.panel.content.model?.cells ?? []) {
      if (!this._followed.has(sharedModel)) {
        this._followed.add(sharedModel);
        // The shared model tells of what others type, too.
        sharedModel.changed.connect(this._onCell, this);
      }
    }
    this._isAllStale = true;
    this._soon();
  }

  private _onCell(sharedModel: SharedCell): void {
    this._stale.add(sharedModel);
    this._soon();
  }

  private _soon(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._draw(), TYPING);
  }

  private _drawAll(): void {
    this._isAllStale = true;
    this._draw();
  }

  /** Draw the marks of the cells that may have others now: of thousands, those that changed alone. */
  private _draw(): void {
    const { panel } = this._options;
    if (this._isDisposed || panel.isDisposed) {
      return;
    }
    const { widgets } = panel.content;
    const isStale = ({ model }: Cell): boolean => this._stale.has(model.sharedModel);
    const stale = this._isAllStale ? widgets : widgets.filter(isStale);
    this._isAllStale = false;
    this._stale.clear();
    stale.forEach(cell => this._drawCell(cell));
    for (const [cell, mark] of this._marks) {
      if (cell.isDisposed) {
        mark.remove();
        this._marks.delete(cell);
      }
    }
  }

  private _drawCell(cell: Cell): void {
    const { record, preferences } = this._options;
    const input = cell.inputArea?.node;
    if (!input) {
      this._await(cell);
      return;
    }
    const now = preferences.cellMarks ? cellNow(cell.model) : null;
    const mark = now && record.markOf(now);
    if (now && mark) {
      this._show(cell, input, now, mark);
    } else {
      this._marks.get(cell)?.remove();
      this._marks.delete(cell);
    }
  }

  /** A cell that has never been in view has no input yet. */
  private _await(cell: Cell): void {
    if (!this._awaited.has(cell)) {
      this._awaited.add(cell);
      void cell.ready.then(() => {
        if (!cell.isDisposed) {
          this._onCell(cell.model.sharedModel);
        }
      });
    }
  }

  private _show(cell: Cell, input: Element, now: ICellNow, mark: ICellMark): void {
    const { trans, onClick } = this._options;
    const button = this._marks.get(cell) ?? document.createElement('button');
    button.className = 'jp-Runlore-cellMark';
    this._marks.set(cell, button);
    if (button.parentElement !== input) {
      input.append(button);
    }
    const state = mark.isEdited ? 'edited' : 'recorded';
    if (button.dataset.state !== state) {
      const icon: LabIcon = mark.isEdited ? editedIcon : recordedIcon;
      const word = document.createElement('span');
      word.className = 'jp-Runlore-cellMark-word';
      word.textContent = mark.isEdited ? trans.__('edited') : trans.__('recorded');
      button.replaceChildren(icon.element({ tag: 'span' }), word);
      button.dataset.state = state;
    }
    // A cell of one line has no room below its prompt.
    button.dataset.lines = now.source.includes('\n') ? 'many' : 'one';
    const [newest] = mark.runs;
    const runs = trans._n(
      '%1 run of this cell is recorded',
      '%1 runs of this cell are recorded',
      mark.count
    );
    const sentence = mark.isEdited
      ? trans.__('%1; the cell was edited since the newest, %2', runs, newest?.name ?? '')
      : trans.__('%1; the newest: %2', runs, newest?.name ?? '');
    button.title = sentence;
    button.setAttribute('aria-label', sentence);
    button.onclick = event => onClick(mark, event.currentTarget as HTMLElement);
  }

  private _isDisposed = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  /** Cells whose changes are heard of. */
  private readonly _followed = new WeakSet<SharedCell>();
  /** Cells that changed since they were looked at. */
  private readonly _stale = new Set<SharedCell>();
  private _isAllStale = true;
  /** Cells that have no input, and are looked at once they have. */
  private readonly _awaited = new WeakSet<Cell>();
  private readonly _marks = new Map<Cell, HTMLButtonElement>();
}

type SharedCell = ICellModel['sharedModel'];

/**
 * The namespace for the options of `CellMarks`.
 */
export namespace CellMarks {
  export interface IOptions {
    panel: NotebookPanel;
    record: NotebookRecord;
    preferences: Preferences;
    /** What a click on a mark does; the element is the mark. */
    onClick(mark: ICellMark, element: HTMLElement): void;
    trans: TranslationBundle;
  }
}

/** The cell as it is now; null for one without code. */
export function cellNow(model: ICellModel): ICellNow | null {
  if (model.type !== 'code') {
    return null;
  }
  const { outputs } = model as ICodeCellModel;
  const cards: string[] = [];
  for (let index = 0; index < outputs.length; index++) {
    const output = outputs.get(index);
    // All that was printed would be put together to look at its data.
    const card = output.type === 'stream' ? null : readCard(output.data[CARD_MIME_TYPE]);
    if (card) {
      cards.push(card.run_id);
    }
  }
  return { id: model.id, source: model.sharedModel.getSource(), cards };
}
