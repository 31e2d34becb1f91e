import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ISignal } from '@lumino/signaling';

/** Milliseconds after which ages are told anew. */
const AGES = 30000;

/**
 * A React view that follows its models while it is visible, and does nothing at all while it is not.
 */
export abstract class VisibleWidget extends ReactWidget {
  constructor(private readonly _signals: readonly ISignal<unknown, unknown>[]) {
    super();
  }

  /** Called when the view can be seen, before it is rendered. */
  protected onAppear(): void {
    this._signals.forEach(signal => signal.connect(this.update, this));
    this._clock = setInterval(() => this.update(), AGES);
    this.update();
  }

  /** Called when the view can no longer be seen. */
  protected onVanish(): void {
    this._signals.forEach(signal => signal.disconnect(this.update, this));
    clearInterval(this._clock);
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
    this._setInView(false);
    super.onBeforeDetach(msg);
  }

  private _look(): void {
    this._setInView(this.isVisible);
  }

  private _setInView(isInView: boolean): void {
    if (isInView === this._isInView) {
      return;
    }
    this._isInView = isInView;
    if (isInView) {
      this.onAppear();
    } else {
      this.onVanish();
    }
  }

  private _isInView = false;
  private _clock: ReturnType<typeof setInterval> | undefined;
}

/** The present as Unix seconds. */
export function presentTime(): number {
  return Date.now() / 1000;
}
