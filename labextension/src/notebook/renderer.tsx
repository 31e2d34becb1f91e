import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { CARD_MIME_TYPE } from '../tokens';
import { readCard } from './card';
import { CardView } from './cardView';

/** Before the HTML and the text that the kernel sends along. */
const RANK = 0;

/**
 * Renders the card under a tracked cell, from untrusted notebooks as well: its data is checked and becomes
 * text and drawn lines only.
 */
export class CardRenderer extends ReactWidget implements IRenderMime.IRenderer {
  constructor(private readonly _options: CardRenderer.IOptions) {
    super();
    this.addClass('jp-Runlore-cardOutput');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._data = model.data[CARD_MIME_TYPE];
    MessageLoop.sendMessage(this, Widget.Msg.UpdateRequest);
    await this.renderPromise;
  }

  protected override render(): React.ReactElement {
    const { onOpen, trans } = this._options;
    const card = readCard(this._data);
    return card ? (
      <CardView {...{ card, onOpen, trans }} />
    ) : (
      <span>{trans.__('A run recorded by another version of Runlore')}</span>
    );
  }

  private _data: unknown;
}

/**
 * The namespace for the options of `CardRenderer`.
 */
export namespace CardRenderer {
  export interface IOptions {
    /** Opens the details of a run; null where nothing can. */
    onOpen: ((runId: string) => void) | null;
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
