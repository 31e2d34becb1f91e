import { RunSelection } from '../../api/types';
import { carriesRuns, droppedRuns } from './dragged';

/** Where runs can be dropped: the main areas of JupyterLab and Jupyter Notebook, and comparisons wherever they are. */
const AREAS = '#jp-main-dock-panel, #main-panel, .jp-Runlore-compare';

/**
 * What happens with runs that are dragged over an area.
 */
export interface IDropOptions {
  /** What a drop at a node would do, in words. */
  told: (node: Element) => string;
  onDrop: (selection: RunSelection, node: Element) => void;
}

/**
 * Takes runs that are dragged from the list. It comes before what lies in the area, so that a notebook there does not
 * take them for text.
 */
export class DropArea {
  constructor(
    shell: HTMLElement,
    private readonly _options: IDropOptions
  ) {
    shell.addEventListener('dragover', event => this._onOver(event), true);
    shell.addEventListener('drop', event => this._onDrop(event), true);
    shell.addEventListener('dragend', () => this._mark(null), true);
    shell.addEventListener('dragleave', event => this._onLeave(event), true);
  }

  private _onOver(event: DragEvent): void {
    const area = carriesRuns(event.dataTransfer) ? areaOf(event) : null;
    this._mark(area);
    if (area && event.dataTransfer) {
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = 'copy';
    }
  }

  private _onDrop(event: DragEvent): void {
    const area = areaOf(event);
    this._mark(null);
    if (area && carriesRuns(event.dataTransfer)) {
      event.preventDefault();
      event.stopPropagation();
      const selection = droppedRuns(event.dataTransfer);
      if (selection) {
        this._options.onDrop(selection, area);
      }
    }
  }

  private _onLeave(event: DragEvent): void {
    const next = event.relatedTarget;
    if (!(next instanceof Node && this._marked?.contains(next))) {
      this._mark(null);
    }
  }

  /** Say in an area what a drop would do; null for nowhere. */
  private _mark(area: HTMLElement | null): void {
    if (area !== this._marked) {
      delete this._marked?.dataset.runloreDrop;
      this._marked = area;
      if (area) {
        area.dataset.runloreDrop = this._options.told(area);
      }
    }
  }

  private _marked: HTMLElement | null = null;
}

function areaOf(event: DragEvent): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>(AREAS) : null;
}
