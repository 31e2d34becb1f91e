import { MimeModel, RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { readCard } from '../../labextension/src/notebook/card';
import { cardFactory, CardRenderer } from '../../labextension/src/notebook/renderer';
import { Runlore } from '../../labextension/src/model/runlore';
import { CARD_MIME_TYPE } from '../../labextension/src/tokens';
import { wideRun } from './many';
import { Page } from './page';
import { someCurve, someRun, someVerdict } from './runs';

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
    expect(readCard({ ...card, status: 'running', started: 1.5 })).not.toBeNull();
    expect(readCard({ ...card, error: { name: 'ValueError', message: 'no' } })).not.toBeNull();
  });

  it.each([
    ['nothing', undefined],
    ['text', 'card'],
    ['a list', [card]],
    ['a later version', { ...card, version: 2 }],
    ['an unknown status', { ...card, status: 'exploded' }],
    ['a name that is no text', { ...card, name: { __html: '<b>' } }],
    ['a start that is no number', { ...card, started: 'now' }],
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
    onOpen: ((runId: string) => void) | null,
    runlore: Runlore | null = null
  ): Promise<HTMLElement> {
    const rendermime = new RenderMimeRegistry();
    const actions = onOpen && { open: onOpen, rerun: vi.fn(), toggle: vi.fn() };
    const trans = nullTranslator.load('runlore');
    rendermime.addFactory(cardFactory({ runlore, actions, trans }));
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
    node.querySelector<HTMLElement>('.jp-Runlore-card-name')?.click();
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

describe('the card of a run that the server knows', () => {
  let page: Page;
  let runlore: Runlore;
  const running = { ...card, status: 'running', started: 1000, duration: 0, metrics: [] };

  beforeEach(async () => {
    page = await Page.open();
    page.server.runs = [someRun({ status: 'running', duration: null, started: 1000 })];
    page.server.curves = [someCurve('a1', [2, 1, NaN, 0.5])];
    runlore = page.create();
  });

  afterEach(() => page.close());

  /** A card in view. */
  function show(data: unknown): CardRenderer {
    const actions = { open: vi.fn(), rerun: vi.fn(), toggle: vi.fn() };
    const trans = nullTranslator.load('runlore');
    const renderer = new CardRenderer({ runlore, actions, trans });
    Widget.attach(renderer, document.body);
    void renderer.renderModel(new MimeModel({ data: { [CARD_MIME_TYPE]: data as never } }));
    return renderer;
  }

  it('shows what is recorded at once, then the points so far, then the end', async () => {
    const renderer = show(running);
    await vi.waitFor(() => expect(renderer.node.textContent).toContain('resnetrunning'));
    expect(renderer.node.querySelector('svg path')).not.toBeNull();
    await vi.waitFor(() => expect(renderer.node.textContent).toContain('loss 0.1981'));
    const path = renderer.node.querySelector('.jp-Runlore-card-spark path')?.getAttribute('d');
    expect(path?.match(/[ML]/g)).toEqual(['M', 'L', 'M']);
    page.server.runs = [someRun({ name: 'renamed' })];
    page.emit({ runs: ['a1'] });
    await vi.waitFor(() => expect(renderer.node.textContent).toContain('renamedfinished'));
    expect(renderer.node.textContent).toContain('12.3 s');
    renderer.dispose();
  });

  it('tells the verdict of the newest rerun', async () => {
    const rerun = someRun({ run_id: 'b1', rerun_of: 'a1', verdict: someVerdict() });
    page.server.runs = [rerun, someRun()];
    const renderer = show(card);
    await vi.waitFor(() => expect(renderer.node.textContent).toContain('rerunBIT-EXACT'));
    renderer.dispose();
  });

  it('asks for all cards together, and for none that is gone', async () => {
    page.server.runs = [someRun(), someRun({ run_id: 'a2', name: 'other' })];
    const gone = show({ ...card, run_id: 'a3' });
    const shown = [show(card), show({ ...card, run_id: 'a2' }), show({ ...card, run_id: "x' or" })];
    gone.dispose();
    await vi.waitFor(() => expect(runlore.cards.get('a2')).toBeDefined());
    const asked = page.server.requests
      .map(decodeURIComponent)
      .filter(one => one.includes('?filter=id'));
    expect(asked).toEqual([expect.stringContaining("id+in+('a1',+'a2')")]);
    shown.forEach(renderer => renderer.dispose());
  });

  it('shows the values of a run with very many metrics without asking for all that is known of them', async () => {
    page.server.runs = [wideRun({}, 7)];
    const renderer = show(card);
    await vi.waitFor(() => expect(renderer.node.textContent).toContain('m0 7'));
    expect(renderer.node.textContent).toContain('997 more');
    expect(renderer.node.querySelector('[title*="m999"]')?.getAttribute('title')).toContain(
      'm999 1006'
    );
    const asked = page.server.requests.filter(one => one.includes('?filter='));
    expect(asked.every(one => /[?&](statistic=last|metric=(&|$))/.test(one))).toBe(true);
    renderer.dispose();
  });

  it('stays with what is recorded when the server is away', async () => {
    page.server.refusal = [502, '<html>Bad gateway</html>'];
    const renderer = show(running);
    await vi.waitFor(() => expect(page.server.requests.length).toBeGreaterThan(1));
    expect(renderer.node.textContent).toContain('resnetrunning');
    expect(renderer.node.textContent).not.toContain('0 ms');
    renderer.dispose();
  });
});
