import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Runlore } from '../model/runlore';
import { presentTime, VisibleWidget } from '../panels/visible';
import { CARD_MIME_TYPE } from '../tokens';
import { ICard, readCard } from './card';
import { CardView, ICardActions } from './cardView';

/** Before the HTML and the text that the kernel sends along. */
const RANK = 0;
/** Milliseconds after which the time that a run takes is told anew. */
const TICK = 1000;

/**
 * Renders the card under a tracked cell, from untrusted notebooks as well: its data is checked and becomes
 * text and drawn lines only. While it is in view it follows the run, if the server knows it.
 */
export class CardRenderer extends VisibleWidget implements IRenderMime.IRenderer {
  constructor(private readonly _options: CardRenderer.IOptions) {
    const { runlore } = _options;
    super(runlore ? [runlore.cards.changed, runlore.selection.changed] : []);
    this.addClass('jp-Runlore-cardOutput');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._card = readCard(model.data[CARD_MIME_TYPE]);
    this._follow();
    MessageLoop.sendMessage(this, Widget.Msg.UpdateRequest);
    await this.renderPromise;
  }

  protected override onAppear(): void {
    super.onAppear();
    this._isShown = true;
    this._ticker = setInterval(() => this._tick(), TICK);
    this._follow();
  }

  protected override onVanish(): void {
    super.onVanish();
    this._isShown = false;
    clearInterval(this._ticker);
    this._follow();
  }

  protected override render(): React.ReactElement {
    const { runlore, actions, trans } = this._options;
    const card = this._card;
    if (!card) {
      return <span>{trans.__('A run recorded by another version of Runlore')}</span>;
    }
    const shown = runlore?.selection.isShown(card.run_id) ? runlore.selection.shown : [];
    const style = runlore?.colors.styles(shown).get(card.run_id);
    const state = runlore?.cards.get(card.run_id);
    return <CardView {...{ card, state, style, actions, trans }} now={presentTime()} />;
  }

  private _follow(): void {
    const wanted = this._isShown ? this._card : null;
    if (wanted !== this._followed) {
      this._watch?.dispose();
      this._watch =
        wanted && this._options.runlore
          ? this._options.runlore.cards.watch(wanted.run_id, wanted.status === 'running')
          : null;
      this._followed = wanted;
    }
  }

  private _tick(): void {
    const state = this._card && this._options.runlore?.cards.get(this._card.run_id);
    if (state?.run.status === 'running' && !document.hidden) {
      this.update();
    }
  }

  private _card: ICard | null = null;
  private _followed: ICard | null = null;
  private _watch: IDisposable | null = null;
  private _isShown = false;
  private _ticker: ReturnType<typeof setInterval> | undefined;
}

/**
 * The namespace for the options of `CardRenderer`.
 */
export namespace CardRenderer {
  export interface IOptions {
    /** The recorded runs; null to show what the card holds alone. */
    runlore: Runlore | null;
    /** What can be done with the run; null for nothing. */
    actions: ICardActions | null;
    trans: TranslationBundle;
  }
}

/** The factory of the renderer, for the registry. */
export function cardFactory(options: CardRenderer.IOptions): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [CARD_MIME_TYPE],
    defaultRank: RANK,
    createRenderer: () => new CardRenderer(options)
  };
}
