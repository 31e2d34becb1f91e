import { COLOR_COUNT } from '../model/colors';

/**
 * The colours and the font that plotly needs as values; taken from the style sheets.
 */
export interface IChartTheme {
  font: string;
  text: string;
  grid: string;
  axis: string;
  runs: string[];
}

/** Read the theme that applies at the element. */
export function readTheme(node: HTMLElement): IChartTheme {
  const style = getComputedStyle(node);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    font: read('--jp-ui-font-family'),
    text: read('--jp-ui-font-color2'),
    grid: read('--jp-border-color2'),
    axis: read('--jp-border-color1'),
    runs: Array.from({ length: COLOR_COUNT }, (_, index) => read(`--jp-runlore-color-${index}`))
  };
}

/** Call back when Lab changes its theme, or the settings the colours of runs; returns how to stop. */
export function onThemeChange(callback: () => void): () => void {
  const observer = new MutationObserver(callback);
  observer.observe(document.body, { attributeFilter: ['data-jp-theme-name', 'style'] });
  return () => observer.disconnect();
}
