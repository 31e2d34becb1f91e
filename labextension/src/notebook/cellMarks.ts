import { ICodeCellModel, ICellModel } from '@jupyterlab/cells';
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
    record.changed.connect(this._draw, this);
    preferences.changed.connect(this._draw, this);
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
    for (const cell of this._options.panel.content.model?.cells ?? []) {
      // Connecting twice is once. The shared model tells of what others type, too.
      cell.sharedModel.changed.connect(this._soon, this);
    }
    this._soon();
  }

  private _soon(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._draw(), TYPING);
  }

  private _draw(): void {
    const { panel, record, preferences } = this._options;
    if (this._isDisposed || panel.isDisposed) {
      return;
    }
    const drawn = new Set<Element>();
    for (const cell of preferences.cellMarks ? panel.content.widgets : []) {
      const input = cell.inputArea?.node;
      if (!input) {
        void cell.ready.then(() => this._soon()); // scrolled out of view, it has no input yet
        continue;
      }
      const now = cellNow(cell.model);
      const mark = now && record.markOf(now);
      if (now && mark) {
        drawn.add(input);
        this._show(input, now, mark);
      }
    }
    for (const [input, mark] of this._marks) {
      if (!drawn.has(input)) {
        mark.remove();
        this._marks.delete(input);
      }
    }
  }

  private _show(input: Element, cell: ICellNow, mark: ICellMark): void {
    const { trans, onClick } = this._options;
    let button = this._marks.get(input);
    if (!button) {
      button = document.createElement('button');
      button.className = 'jp-Runlore-cellMark';
      input.append(button);
      this._marks.set(input, button);
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
    button.dataset.lines = cell.source.includes('\n') ? 'many' : 'one';
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
  /** By the input area that each stands in. */
  private readonly _marks = new Map<Element, HTMLButtonElement>();
}

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
    const card = readCard(outputs.get(index).data[CARD_MIME_TYPE]);
    if (card) {
      cards.push(card.run_id);
    }
  }
  return { id: model.id, source: model.sharedModel.getSource(), cards };
}
