import { loadPlotly } from './plotly';

/** Pixels: of the titles above charts, and of a row of the legend. */
const TITLE = 22;
const ROW = 18;
const PADDING = 12;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * What is to be seen in a picture beside the charts.
 */
export interface ILegendRow {
  name: string;
  /** As in `data-color` of the page. */
  color: number;
}

/**
 * The charts within an element as one SVG, each below its metric, with the names of the lines under them.
 *
 * Rejects when plotly cannot draw.
 */
export async function chartsAsSvg(root: HTMLElement, rows: readonly ILegendRow[]): Promise<string> {
  const plotly = await loadPlotly();
  const charts = [...root.querySelectorAll<HTMLElement>('.jp-Runlore-chart')];
  const box = root.getBoundingClientRect();
  const style = getComputedStyle(root);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const svg = document.createElementNS(SVG, 'svg');
  const add = (name: string, attributes: Record<string, string | number>, text = ''): Element => {
    const element = document.createElementNS(SVG, name);
    set(element, attributes);
    element.textContent = text;
    svg.append(element);
    return element;
  };
  const words = { fill: read('--jp-ui-font-color1'), 'font-family': 'sans-serif' };
  const background = add('rect', { fill: read('--jp-layout-color1') });
  let [width, height] = [0, 0];
  for (const chart of charts) {
    const { left, top, width: wide, height: high } = chart.getBoundingClientRect();
    const [x, y] = [left - box.left + PADDING, top - box.top + TITLE];
    const plot = chart.querySelector<HTMLElement>('.js-plotly-plot');
    if (!plot) {
      continue;
    }
    add(
      'text',
      { ...words, x: x + 36, y: y - 6, 'font-size': 13, 'font-weight': 'bold' },
      chart.dataset.metric ?? ''
    );
    const size = { width: wide, height: high, scale: 1 };
    const drawn = await plotly.toImage(plot, { format: 'svg', ...size });
    const text = decodeURIComponent(drawn.slice(drawn.indexOf(',') + 1));
    const inner = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    set(inner, { x, y });
    svg.append(document.importNode(inner, true));
    const title = chart.querySelector<HTMLElement>('.jp-Runlore-chart-axis');
    if (title) {
      const { right, bottom } = title.getBoundingClientRect();
      const place = { x: x + right - left, y: y + bottom - top - 4, 'text-anchor': 'end' };
      add('text', { ...words, ...place, 'font-size': 10 }, title.textContent);
    }
    width = Math.max(width, x + wide + PADDING);
    height = Math.max(height, y + high + PADDING);
  }
  for (const { name, color } of rows) {
    const fill = read(`--jp-runlore-color-${color}`);
    add('rect', { x: PADDING + 36, y: height + 4, width: 10, height: 10, rx: 2, fill });
    add('text', { ...words, x: PADDING + 52, y: height + 13, 'font-size': 12 }, name);
    height += ROW;
  }
  set(svg, { xmlns: SVG, width, height: height + PADDING });
  set(background, { width, height: height + PADDING });
  return new XMLSerializer().serializeToString(svg);
}

/** An SVG as PNG, two pixels a pixel. Rejects when the browser cannot draw it. */
export async function asPng(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('No picture was made'))))
  );
}

/** Have the browser keep something as a file. */
export function download(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function set(element: Element, attributes: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
}
