import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

/**
 * What the pointer or the keyboard points at.
 */
export interface IPointed {
  /** On the horizontal axis, in its units. */
  x: number;
  /** The metric of the chart that is pointed at. */
  metric: string;
}

/**
 * The place that is pointed at, shared by charts side by side. Only what follows it is drawn anew when it moves.
 */
export class Cursor {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get at(): IPointed | null {
    return this._at;
  }

  /** Point somewhere, at the next frame at the latest; null for nowhere. */
  move(at: IPointed | null): void {
    this._next = at;
    this._frame ??= requestAnimationFrame(() => {
      this._frame = null;
      const isSame = this._at?.x === this._next?.x && this._at?.metric === this._next?.metric;
      this._at = this._next;
      if (!isSame) {
        this._changed.emit();
      }
    });
  }

  private _at: IPointed | null = null;
  private _next: IPointed | null = null;
  private _frame: number | null = null;
  private _changed = new Signal<this, void>(this);
}

/** Where the cursor is; the component is rendered when it moves. */
export function useCursor(cursor: Cursor): IPointed | null {
  const subscribe = React.useCallback(
    (notify: () => void) => {
      cursor.changed.connect(notify);
      return () => void cursor.changed.disconnect(notify);
    },
    [cursor]
  );
  return React.useSyncExternalStore(subscribe, () => cursor.at);
}
