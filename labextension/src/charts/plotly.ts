/**
 * The part of plotly that is used here. The library is fetched when the first chart shows.
 */
export interface IPlotly {
  react(
    node: HTMLElement,
    traces: readonly ITrace[],
    layout: ILayout,
    config: Readonly<Record<string, unknown>>
  ): Promise<unknown>;
  purge(node: HTMLElement): void;
}

/** An element that plotly has drawn in. */
export interface IPlotElement extends HTMLElement {
  on(event: 'plotly_hover', listener: (event: IHoverEvent) => void): void;
  on(event: 'plotly_unhover' | 'plotly_relayout', listener: () => void): void;
  removeAllListeners(): void;
  /** The layout given, with what plotly chose itself. */
  layout: { xaxis: IDrawnAxis; yaxis: IDrawnAxis };
}

/** An axis as drawn. */
export interface IDrawnAxis {
  /** Logarithms to base ten on a logarithmic axis. */
  range: [number, number];
  /** False once the user has zoomed. */
  autorange: boolean;
}

export interface IHoverEvent {
  /** The hovered point of every trace; `pointNumber` counts within the trace. */
  points: { curveNumber: number; pointNumber: number }[];
}

export interface ITrace {
  type: 'scatter';
  mode: 'lines' | 'lines+markers';
  x: Float64Array;
  y: Float64Array;
  opacity: number;
  line: { color: string; width: number; dash: string };
  marker: { color: string; size: number | number[] };
  connectgaps: false;
  showlegend: false;
  hoverinfo: 'none' | 'skip';
}

export type ILayout = Readonly<Record<string, unknown>>;

let library: Promise<IPlotly> | undefined;

/**
 * Fetch plotly, once; a failure may be tried again.
 */
export async function loadPlotly(): Promise<IPlotly> {
  library ??= import('plotly.js-gl2d-dist-min').then(
    module => module.default,
    (error: unknown) => {
      library = undefined;
      throw error;
    }
  );
  return library;
}
