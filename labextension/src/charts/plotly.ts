import { whenIdle } from '../model/idle';

/**
 * The part of plotly that is used here. The library is fetched when the first chart shows.
 */
export interface IPlotly {
  react(
    node: HTMLElement,
    traces: readonly (ITrace | Readonly<Record<string, unknown>>)[],
    layout: ILayout,
    config: Readonly<Record<string, unknown>>
  ): Promise<unknown>;
  /** Change parts of the layout by their paths; of ranges alone in a fraction of the time of `react`. */
  relayout(node: HTMLElement, change: Readonly<Record<string, unknown>>): Promise<unknown>;
  toImage(
    node: HTMLElement,
    options: { format: 'png' | 'svg'; width: number; height: number; scale: number }
  ): Promise<string>;
  purge(node: HTMLElement): void;
}

/** An element that plotly has drawn in. */
export interface IPlotElement extends HTMLElement {
  on(event: 'plotly_relayout', listener: (change: IRelayout) => void): void;
  on(event: 'plotly_doubleclick', listener: () => void): void;
  removeAllListeners(): void;
}

/** What the user changed of the layout: ends of axes, logarithms to base ten on logarithmic ones, dates as text. */
export type IRelayout = Readonly<Record<string, unknown>>;

export interface ITrace {
  type: 'scatter';
  mode: 'lines' | 'lines+markers';
  x: Float64Array;
  y: Float64Array;
  opacity: number;
  line: { color: string; width: number; dash: string };
  marker: { color: string; size: number | number[] };
  fill: 'none' | 'tonexty';
  fillcolor: string;
  connectgaps: false;
  showlegend: false;
  hoverinfo: 'skip';
}

export type ILayout = Readonly<Record<string, unknown>>;

let library: Promise<IPlotly> | undefined;
let present: IPlotly | null = null;

/** Plotly if it has been fetched, so that a chart need not wait a turn for it; null else. */
export function presentPlotly(): IPlotly | null {
  return present;
}

/**
 * Fetch plotly, once; a failure may be tried again.
 */
export async function loadPlotly(): Promise<IPlotly> {
  library ??= import('plotly.js-basic-dist-min').then(
    module => (present = module.default),
    (error: unknown) => {
      library = undefined;
      throw error;
    }
  );
  return library;
}

/** Fetch plotly behind everything else, for charts that will soon be wanted. */
export function expectCharts(): void {
  whenIdle(() => void loadPlotly().catch(() => undefined)); // the chart tells of it
}
