import { MimeModel, RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { readCard } from '../../labextension/src/notebook/card';
import { cardFactory } from '../../labextension/src/notebook/renderer';
import { CARD_MIME_TYPE } from '../../labextension/src/tokens';

const card = {
  version: 1,
  run_id: 'a1',
  name: 'resnet',
  experiment: 'digits',
  status: 'finished',
  duration: 12.34,
  metrics: [
    { name: 'loss', last: 0.198123, spark: [2, 1, null, 0.2] },
    { name: 'acc', last: 'NaN', spark: [] }
  ],
  error: null
};

describe('readCard', () => {
  it('takes what the kernel writes', () => {
    expect(readCard(card)).toEqual(card);
    expect(readCard({ ...card, error: { name: 'ValueError', message: 'no' } })).not.toBeNull();
  });

  it.each([
    ['nothing', undefined],
    ['text', 'card'],
    ['a list', [card]],
    ['a later version', { ...card, version: 2 }],
    ['an unknown status', { ...card, status: 'exploded' }],
    ['a name that is no text', { ...card, name: { __html: '<b>' } }],
    ['a duration that is no number', { ...card, duration: '12' }],
    ['metrics that are none', { ...card, metrics: { length: 1 } }],
    ['a metric without points', { ...card, metrics: [{ name: 'loss', last: 1 }] }],
    ['a point that is text', { ...card, metrics: [{ name: 'loss', last: 1, spark: ['1'] }] }],
    ['a last value that is a word', { ...card, metrics: [{ name: 'l', last: 'low', spark: [] }] }],
    ['endless points', { ...card, metrics: [{ name: 'l', last: 1, spark: Array(9999).fill(0) }] }],
    ['an error that is none', { ...card, error: 'ValueError' }]
  ])('refuses %s', (_, data) => {
    expect(readCard(data)).toBeNull();
  });
});

describe('the renderer', () => {
  let widget: Widget | undefined;

  afterEach(() => widget?.dispose());

  async function render(
    data: unknown,
    onOpen: ((runId: string) => void) | null
  ): Promise<HTMLElement> {
    const rendermime = new RenderMimeRegistry();
    rendermime.addFactory(cardFactory({ onOpen, trans: nullTranslator.load('runlore') }));
    const bundle = { [CARD_MIME_TYPE]: data, 'text/html': '<b>card</b>', 'text/plain': 'card' };
    const model = new MimeModel({ data: bundle as never, trusted: false });
    // As Lab chooses for an untrusted notebook.
    const mimeType = rendermime.preferredMimeType(model.data, 'ensure');
    expect(mimeType).toBe(CARD_MIME_TYPE);
    const renderer = rendermime.createRenderer(CARD_MIME_TYPE);
    widget = renderer;
    Widget.attach(renderer, document.body);
    await renderer.renderModel(model);
    return vi.waitFor(() => {
      expect(renderer.node.textContent).not.toBe('');
      return renderer.node;
    });
  }

  it('shows one line and a sparkline, and opens the details', async () => {
    const onOpen = vi.fn();
    const node = await render(card, onOpen);
    expect(node.textContent).toContain('resnet');
    expect(node.textContent).toContain('finished');
    expect(node.textContent).toContain('loss 0.1981');
    expect(node.textContent).toContain('acc NaN');
    expect(node.querySelector('svg path')?.getAttribute('d')).toMatch(/^M/);
    node.querySelector('button')?.click();
    expect(onOpen).toHaveBeenCalledWith('a1');
  });

  it('has no button where nothing can be opened', async () => {
    const node = await render(card, null);
    expect(node.querySelector('button')).toBeNull();
  });

  it('shows text as text', async () => {
    const name = '<img src=x onerror="alert(1)">';
    const error = { name: '<b>E</b>', message: '<script>alert(1)</script>' };
    const node = await render({ ...card, name, status: 'failed', error }, null);
    expect(node.querySelector('img, b, script')).toBeNull();
    expect(node.textContent).toContain(name);
    expect(node.textContent).toContain('<b>E</b>: <script>');
  });

  it('says so when the card is from another version', async () => {
    const node = await render({ version: 7 }, null);
    expect(node.textContent).toBe('A run recorded by another version of Runlore');
  });
});
