import { Dialog } from '@jupyterlab/apputils';
import { Message } from '@lumino/messaging';
import { ISignal } from '@lumino/signaling';

/**
 * A form that is asked of the server: the dialog stays open where that refuses.
 */
export interface IForm {
  readonly changed: ISignal<unknown, void>;
  readonly isValid: boolean;
}

/**
 * Lab's dialog around a form. Its value is what the server answered; null when the form was dismissed.
 */
export class FormDialog<T> extends Dialog<unknown> {
  /**
   * @param _form - What the body edits.
   * @param _submit - Asks the server; null where it refuses.
   */
  constructor(
    private readonly _form: IForm,
    private readonly _submit: () => Promise<T | null>,
    options: Partial<Dialog.IOptions<unknown>> & { okLabel: string; cancelLabel: string }
  ) {
    super({
      ...options,
      hasClose: true,
      buttons: [
        Dialog.cancelButton({ label: options.cancelLabel }),
        Dialog.okButton({ label: options.okLabel })
      ]
    });
    this.addClass('jp-Runlore-formDialog');
    _form.changed.connect(this._refresh, this);
  }

  override dispose(): void {
    this._form.changed.disconnect(this._refresh, this);
    super.dispose();
  }

  /** Show it until the form was accepted by the server, or dismissed. */
  async ask(): Promise<T | null> {
    this._refresh();
    await this.launch();
    this.dispose();
    return this._answer;
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(0);
    } else if (!this._isAsking && this._form.isValid) {
      void this._send();
    }
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._keepFocus();
  }

  private async _send(): Promise<void> {
    this._isAsking = true;
    this._refresh();
    this._answer = await this._submit();
    this._isAsking = false;
    this._refresh();
    if (this._answer !== null) {
      super.resolve(1);
    } else {
      this.node.querySelector('[role="alert"]')?.scrollIntoView({ block: 'nearest' });
    }
  }

  private _refresh(): void {
    const button = this.node.querySelector<HTMLButtonElement>('.jp-Dialog-footer .jp-mod-accept');
    if (button) {
      button.disabled = this._isAsking || !this._form.isValid;
      this._keepFocus();
      button.setAttribute('aria-busy', String(this._isAsking));
    }
  }

  // A disabled button has no focus, and without any in the dialog no key reaches it.
  private _keepFocus(): void {
    const { activeElement } = document;
    const isLost = !this.node.contains(activeElement) || activeElement?.matches(':disabled');
    if (this.isAttached && isLost) {
      this.node.querySelector<HTMLElement>('.jp-Dialog-footer .jp-mod-reject')?.focus();
    }
  }

  private _isAsking = false;
  private _answer: T | null = null;
}
