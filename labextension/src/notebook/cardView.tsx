import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { metricNames, metricNumber } from '../api/metrics';
import { decodeNumber } from '../api/numbers';
import { RunStatus, WireNumber } from '../api/types';
import { formatDuration, formatValue } from '../charts/format';
import { Sparkline } from '../charts/sparkline';
import { ICardState } from '../model/cards';
import { IRunStyle } from '../model/colors';
import { rerunIcon } from '../panels/marks/icons';
import { StatusMark, VerdictBadge } from '../panels/marks/marks';
import { runTitle } from '../panels/marks/name';
import { ICard } from './card';

/** Metrics with their values in the one line. */
const MOST_VALUES = 3;

/**
 * What can be done with the run of a card, where it is known.
 */
export interface ICardActions {
  open(runId: string): void;
  rerun(runId: string): void;
  /** Show its curves, or hide them. */
  toggle(runId: string): void;
}

/**
 * The card of a run: one line and a sparkline. It shows what was recorded with it until the server says more.
 */
export function CardView(props: {
  card: ICard;
  /** What the server knows; undefined where it knows nothing. */
  state?: ICardState;
  /** How the run is drawn in the charts; undefined while it is not. */
  style?: IRunStyle;
  /** Null where nothing can be done. */
  actions: ICardActions | null;
  /** Unix seconds. */
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { card, state, style, actions, now, trans } = props;
  const { runId, name, status, seconds, metrics, spark } = told(card, state, now, trans);
  const shown = metrics.slice(0, MOST_VALUES);
  return (
    <div className="jp-Runlore-card" data-runlore-card={runId} data-status={status}>
      {actions && (
        <CardSwatch
          {...{ name, style, trans }}
          isKnown={state !== undefined}
          onClick={() => actions.toggle(runId)}
        />
      )}
      {actions ? (
        <button
          className="jp-Runlore-link jp-Runlore-card-name"
          title={trans.__('Details of %1', name)}
          onClick={() => actions.open(runId)}
        >
          {name}
        </button>
      ) : (
        <span className="jp-Runlore-card-name" title={name}>
          {name}
        </span>
      )}
      <StatusMark run={{ status, tags: state?.run.tags }} trans={trans} />
      {seconds !== null && <span className="jp-Runlore-number">{formatDuration(seconds)}</span>}
      {(status === 'running' || spark.length > 1) && (
        <span className="jp-Runlore-card-spark" data-color={style?.color}>
          <Sparkline values={spark} width={72} height={18} />
        </span>
      )}
      {shown.map(([metric, value]) => (
        <span key={metric}>
          <span className="jp-Runlore-faint">{metric}</span>{' '}
          <span className="jp-Runlore-number">{formatValue(decodeNumber(value))}</span>
        </span>
      ))}
      {metrics.length > shown.length && (
        <span
          className="jp-Runlore-faint"
          title={metrics
            .slice(MOST_VALUES)
            .map(([metric, value]) => `${metric} ${formatValue(decodeNumber(value))}`)
            .join('\n')}
        >
          {trans.__('%1 more', metrics.length - shown.length)}
        </span>
      )}
      {state?.verdict && (
        <span className="jp-Runlore-card-verdict">
          {state.ofRerun && <span className="jp-Runlore-faint">{trans.__('rerun')}</span>}
          <VerdictBadge verdict={state.verdict} trans={trans} />
        </span>
      )}
      {card.error && (
        <span className="jp-Runlore-card-error">
          {[card.error.name, card.error.message].filter(Boolean).join(': ')}
        </span>
      )}
      {actions && state && status !== 'running' && (
        <button
          className="jp-Runlore-iconButton jp-Runlore-card-action"
          title={trans.__('Rerun: repeat the run exactly')}
          aria-label={trans.__('Rerun %1', name)}
          onClick={() => actions.rerun(runId)}
        >
          <rerunIcon.react tag="span" />
        </button>
      )}
    </div>
  );
}

/** The colour of the run in the charts, which is shown and hidden by it. */
function CardSwatch(props: {
  name: string;
  /** Whether the server knows the run. */
  isKnown: boolean;
  style: IRunStyle | undefined;
  onClick: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { name, isKnown, style, onClick, trans } = props;
  return (
    <button
      className="jp-Runlore-iconButton"
      disabled={!isKnown}
      aria-pressed={style !== undefined}
      aria-label={trans.__('Curves of %1', name)}
      title={style ? trans.__('Hide its curves') : trans.__('Show its curves')}
      onClick={onClick}
    >
      <span
        className="jp-Runlore-swatch"
        aria-hidden="true"
        data-color={style?.color}
        data-dash={style?.dash}
      />
    </button>
  );
}

interface ITold {
  runId: string;
  name: string;
  status: RunStatus;
  /** How long it took or has taken so far; null where nobody knows. */
  seconds: number | null;
  metrics: readonly (readonly [string, WireNumber])[];
  spark: readonly (number | null)[];
}

/** What to show: the server's word where there is one, else the card's. */
function told(
  card: ICard,
  state: ICardState | undefined,
  now: number,
  trans: TranslationBundle
): ITold {
  const recorded = new Map(card.metrics.map(metric => [metric.name, metric.last]));
  const spark = card.metrics[0]?.spark ?? [];
  if (!state) {
    const seconds = card.status === 'running' ? null : card.duration;
    const { run_id: runId, name, status } = card;
    return { runId, name, status, seconds, metrics: [...recorded], spark };
  }
  const { run } = state;
  const metrics = metricNames(run).flatMap(name => {
    const last = metricNumber(run, name, 'last');
    return last === null ? [] : [[name, last] as const];
  });
  const main = state.spark?.metric;
  return {
    runId: run.run_id,
    name: runTitle(run, trans),
    status: run.status,
    seconds: run.duration ?? Math.max(now - run.started, 0),
    // The one that is drawn stands first, beside its line.
    metrics: [
      ...metrics.filter(([name]) => name === main),
      ...metrics.filter(([name]) => name !== main)
    ],
    spark: state.spark?.values ?? spark
  };
}
