import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IPlot } from '../../api/sweepTypes';
import { loadPlotly } from '../../charts/plotly';
import { onThemeChange, readTheme } from '../../charts/theme';
import { decodeFloats } from '../../api/numbers';
import { ITypedArray } from '../../api/curveTypes';

/**
 * The plots of a sweep that can be drawn, in the colours of the theme.
 */
export function SweepPlots(props: {
  plots: Readonly<Record<string, IPlot>>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { plots, trans } = props;
  const titles: Record<string, string> = {
    history: trans.__('History'),
    importance: trans.__('Importance of the parameters'),
    parallel: trans.__('Parallel coordinates'),
    slices: trans.__('Values by parameter'),
    curves: trans.__('Curves of the trials')
  };
  return (
    <div className="jp-Runlore-plots">
      {Object.keys(titles)
        .filter(name => plots[name] !== undefined)
        .map(name => (
          <figure key={name} data-plot={name}>
            <figcaption>{titles[name]}</figcaption>
            {name === 'importance' ? (
              <Bars plot={plots[name]} trans={trans} />
            ) : (
              <Plot plot={plots[name]} title={titles[name] ?? name} trans={trans} />
            )}
          </figure>
        ))}
    </div>
  );
}

function Plot(props: {
  plot: IPlot | undefined;
  title: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { plot, title, trans } = props;
  const node = React.useRef<HTMLDivElement>(null);
  const [error, setError] = React.useState<string | null>(null);
  React.useEffect(() => {
    const place = node.current;
    if (!place || !plot) {
      return undefined;
    }
    let isGone = false;
    const draw = async (): Promise<void> => {
      try {
        const plotly = await loadPlotly();
        if (!isGone) {
          await plotly.react(place, plot.data, themedLayout(plot, place), {
            displayModeBar: false, // a picture holds no buttons
            responsive: true
          });
        }
      } catch (reason) {
        setError(reason instanceof Error ? reason.message : String(reason));
      }
    };
    void draw();
    const stop = onThemeChange(() => void draw());
    return () => {
      isGone = true;
      stop();
      void loadPlotly().then(plotly => plotly.purge(place));
    };
  }, [plot]);
  return (
    <>
      {error !== null && <p role="alert">{trans.__('It cannot be drawn: %1', error)}</p>}
      <div className="jp-Runlore-plot" role="img" aria-label={title} ref={node} />
    </>
  );
}

/** What plotly draws as bars: names with shares, as a table that a screen reader tells. */
function Bars(props: { plot: IPlot | undefined; trans: TranslationBundle }): React.ReactElement {
  const { trans } = props;
  const [trace] = props.plot?.data ?? [];
  const names = listOf(trace?.y);
  const shares = listOf(trace?.x).map(Number);
  const order = names.map((_, index) => index).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0));
  return (
    <table className="jp-Runlore-bars">
      <caption>{measureWords(props.plot?.layout.meta, trans)}</caption>
      <tbody>
        {order.map(index => (
          <tr key={index}>
            <th scope="row">{String(names[index])}</th>
            <td>
              <div style={{ width: `${100 * (shares[index] ?? 0)}%` }} />
            </td>
            <td className="jp-Runlore-number">{(shares[index] ?? 0).toFixed(2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How the importance was measured, which the server chooses by the number of trials. */
function measureWords(meta: unknown, trans: TranslationBundle): string {
  const measure =
    typeof meta === 'object' && meta !== null && 'evaluator' in meta ? meta.evaluator : undefined;
  switch (measure) {
    case 'fANOVA':
      return trans.__('fANOVA: the part of the variance that hangs on a parameter');
    case 'PED-ANOVA':
      return trans.__('PED-ANOVA: how far the values of the best tenth are from all');
    default:
      return typeof measure === 'string' ? measure : '';
  }
}

/** The layout without what was chosen for white paper. */
function themedLayout(plot: IPlot, node: HTMLElement): Record<string, unknown> {
  const theme = readTheme(node);
  const kept = Object.entries(plot.layout).filter(
    ([name]) => name !== 'template' && name !== 'title'
  );
  const axes = kept.map(([name, value]) =>
    /^[xy]axis\d*$/.test(name)
      ? [
          name,
          { ...(value as object), gridcolor: theme.grid, linecolor: theme.axis, zeroline: false }
        ]
      : [name, value]
  );
  return {
    ...(Object.fromEntries(axes) as Record<string, unknown>),
    autosize: true,
    paper_bgcolor: 'transparent',
    plot_bgcolor: 'transparent',
    colorway: theme.runs,
    font: { family: theme.font, size: 12, color: theme.text },
    margin: { l: 56, r: 24, t: 32, b: 48 }
  };
}

/** The values of a list as JSON or, as plotly's library for Python writes it, in bytes. */
function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value as unknown[];
  }
  const isBytes =
    typeof value === 'object' && value !== null && 'dtype' in value && value.dtype === 'f8';
  return isBytes ? [...decodeFloats(value as ITypedArray)] : [];
}
