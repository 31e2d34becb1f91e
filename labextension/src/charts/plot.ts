import * as React from 'react';

import { axisEnd, IDrawing } from './drawing';
import { axisWidth, chartLayout, IRanges, ISize } from './layout';
import { IPlotElement, IRelayout, loadPlotly, presentPlotly } from './plotly';
import { Range } from './scale';
import { onThemeChange, readTheme } from './theme';
import { valueTicks } from './ticks';
import { chartTraces, ILine, IPoints } from './traces';
import { drawInTurn } from './turns';

const CONFIG = { displayModeBar: false, showTips: false, doubleClick: false } as const;

/**
 * What plotly is to draw.
 */
export interface IPlotOptions {
  node: React.RefObject<HTMLDivElement>;
  size: ISize | null;
  /** Pixels to keep free at the right. */
  labels: number;
  lines: readonly ILine[];
  points: readonly IPoints[];
  drawing: IDrawing;
  ranges: IRanges;
  /** The user dragged over a part; null for an axis that was left alone. */
  onSelect: (x: Range | null, y: Range | null) => void;
  /** The user clicked twice. */
  onReset: () => void;
}

/**
 * Have plotly draw the lines. Its axes show what they are told to: the state of the chart is not plotly's.
 *
 * @returns Why plotly could not be loaded; null when it could.
 */
export function usePlot(options: IPlotOptions): string | null {
  const { node, size, labels, lines, points, drawing, ranges, onSelect, onReset } = options;
  const [plotly, setPlotly] = React.useState(presentPlotly);
  const [failure, setFailure] = React.useState<string | null>(null);
  const [themes, setThemes] = React.useState(0);

  React.useEffect(() => onThemeChange(() => setThemes(count => count + 1)), []);

  React.useEffect(() => {
    const element = node.current;
    let isGone = false;
    loadPlotly().then(
      loaded => !isGone && setPlotly(loaded),
      (error: unknown) => !isGone && setFailure(String(error))
    );
    return () => {
      isGone = true;
      void loadPlotly().then(loaded => element && loaded.purge(element));
    };
  }, [node]);

  const answers = React.useRef({ onSelect, onReset });
  React.useLayoutEffect(() => {
    answers.current = { onSelect, onReset };
  });
  const drawn = React.useRef<unknown[]>([]);

  React.useEffect(() => {
    const element = node.current;
    if (!plotly || !element || !size) {
      return;
    }
    const { format, power } = valueTicks(ranges.y, drawing.log);
    const width = axisWidth(ranges.y, drawing);
    const shown = [plotly, size, labels, lines, points, drawing, themes, format, power, width];
    return drawInTurn(() => {
      if (shown.every((one, at) => one === drawn.current[at])) {
        const { x, y } = ranges;
        void plotly.relayout(element, { 'xaxis.range': [...x], 'yaxis.range': [...y] });
        return;
      }
      drawn.current = shown;
      const theme = readTheme(element);
      const layout = chartLayout(theme, size, drawing, labels, ranges);
      void plotly.react(element, chartTraces(lines, points, theme), layout, CONFIG).then(() => {
        const plot = element as HTMLElement as IPlotElement;
        plot.removeAllListeners();
        plot.on('plotly_doubleclick', () => answers.current.onReset());
        plot.on('plotly_relayout', change => {
          const [x, y] = [selected(change, 'xaxis'), selected(change, 'yaxis')];
          if (x || y) {
            answers.current.onSelect(x, y);
          }
        });
      });
    });
  }, [plotly, node, size, labels, lines, points, drawing, ranges, themes]);

  return failure;
}

function selected(change: IRelayout, axis: 'xaxis' | 'yaxis'): Range | null {
  const [low, high] = [0, 1].map(end => axisEnd(change[`${axis}.range[${end}]`]));
  return low === undefined || high === undefined || Number.isNaN(low + high) ? null : [low, high];
}
