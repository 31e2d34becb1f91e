import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { decodeNumber } from '../api/numbers';
import { formatDuration, formatValue } from '../charts/format';
import { Sparkline } from '../charts/sparkline';
import { StatusMark } from '../panels/marks/marks';
import { ICard } from './card';

/** Metrics with their values in the one line. */
const MOST_VALUES = 3;

/**
 * The card of a run: one line and a sparkline.
 */
export function CardView(props: {
  card: ICard;
  /** Opens the details; null where nothing can. */
  onOpen: ((runId: string) => void) | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { card, onOpen, trans } = props;
  const shown = card.metrics.slice(0, MOST_VALUES);
  const spark = card.metrics[0]?.spark ?? [];
  return (
    <div className="jp-Runlore-card" data-runlore-card={card.run_id} data-status={card.status}>
      {onOpen ? (
        <button
          className="jp-Runlore-link jp-Runlore-card-name"
          title={trans.__('Details of %1', card.name)}
          onClick={() => onOpen(card.run_id)}
        >
          {card.name}
        </button>
      ) : (
        <span className="jp-Runlore-card-name">{card.name}</span>
      )}
      <StatusMark status={card.status} trans={trans} />
      <span>{formatDuration(card.duration)}</span>
      <Sparkline values={spark} width={72} height={18} />
      {shown.map(metric => (
        <span key={metric.name}>
          <span className="jp-Runlore-faint">{metric.name}</span>{' '}
          <span className="jp-Runlore-number">{formatValue(decodeNumber(metric.last))}</span>
        </span>
      ))}
      {card.metrics.length > shown.length && (
        <span className="jp-Runlore-faint">
          {trans.__('%1 more', card.metrics.length - shown.length)}
        </span>
      )}
      {card.error && (
        <span className="jp-Runlore-card-error">
          {card.error.name}: {card.error.message}
        </span>
      )}
    </div>
  );
}
