import { HTMLSelect, LabIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { decodeNumber } from '../../../api/numbers';
import { IRun } from '../../../api/types';
import { formatValue } from '../../../charts/format';
import { CompareModel } from '../../../model/compare';
import { IPairDiff } from '../../../model/diff';
import { swapIcon } from '../../marks/icons';
import { VerdictBadge } from '../../marks/marks';
import { EmptyState, ErrorState, LoadingState } from '../../marks/states';
import { fullTitle } from '../runName';
import { IDiffTools, DiffParts } from './parts';

/** Runs that can be chosen from; of more, they are selected in the table. */
const MOST_CHOICES = 500;

/**
 * Two runs side by side, part by part.
 */
export function DiffTab(props: {
  model: CompareModel;
  tools: IDiffTools;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, tools, trans } = props;
  const { diff, pair } = model;
  const a = pair?.[0] ?? null;
  const b = pair?.[1] ?? null;
  React.useEffect(() => {
    if (a !== null && b !== null) {
      diff.look(a, b);
    }
  }, [diff, a, b]);
  if (!pair) {
    return (
      <EmptyState
        title={trans.__('Nothing to hold it against')}
        sentence={trans.__(
          'Drag another run here from the list, or mark two there and press Compare.'
        )}
      />
    );
  }
  const { found, error } = diff;
  const isPresent = found?.diff.a === pair[0] && found.diff.b === pair[1];
  return (
    <div className="jp-Runlore-diff" data-is-loading={!isPresent && !error}>
      <PairChooser {...{ model, pair, trans }} />
      {error ? (
        <ErrorState error={error} onRetry={() => diff.retry()} trans={trans} />
      ) : found && isPresent ? (
        <>
          <Summary {...{ found, trans }} />
          <DiffParts key={pair.join()} {...{ model, found, tools, trans }} />
        </>
      ) : (
        <LoadingState trans={trans} />
      )}
    </div>
  );
}

function PairChooser(props: {
  model: CompareModel;
  pair: readonly [a: string, b: string];
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, pair, trans } = props;
  const [a, b] = pair;
  const runs = model.sorted;
  return (
    <div className="jp-Runlore-diff-pair">
      <RunSelect
        label={trans.__('First run')}
        value={a}
        onChange={id => model.choosePair([id, id === b ? a : b])}
        {...{ runs, model, trans }}
      />
      <button
        className="jp-Runlore-iconButton"
        title={trans.__('Swap the two runs')}
        aria-label={trans.__('Swap the two runs')}
        onClick={() => model.choosePair([b, a])}
      >
        <Icon icon={swapIcon} />
      </button>
      <RunSelect
        label={trans.__('Second run')}
        value={b}
        onChange={id => model.choosePair([id === a ? b : a, id])}
        {...{ runs, model, trans }}
      />
    </div>
  );
}

function Icon(props: { icon: LabIcon }): React.ReactElement {
  return <props.icon.react tag="span" />;
}

function RunSelect(props: {
  label: string;
  value: string;
  runs: readonly IRun[];
  model: CompareModel;
  onChange: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { label, value, runs, model, onChange, trans } = props;
  const style = model.styles.get(value);
  const listed = runs.slice(0, MOST_CHOICES);
  const chosen = runs.find(run => run.run_id === value);
  return (
    <label className="jp-Runlore-diff-side">
      <span className="jp-Runlore-swatch" data-color={style?.color} data-dash={style?.dash} />
      <HTMLSelect
        className="jp-Runlore-select"
        aria-label={label}
        title={label}
        value={value}
        onChange={event => onChange(event.target.value)}
      >
        {(chosen && !listed.includes(chosen) ? [chosen, ...listed] : listed).map(run => (
          <option key={run.run_id} value={run.run_id}>
            {`${fullTitle(model, run, trans)} · ${new Date(run.started * 1000).toLocaleString()}`}
          </option>
        ))}
      </HTMLSelect>
    </label>
  );
}

/** In one sentence: whether they came out the same, else where they part. */
function Summary(props: { found: IPairDiff; trans: TranslationBundle }): React.ReactElement {
  const { found, trans } = props;
  const { a, b, diff } = found;
  const first = diff.metrics.find(metric => metric.metric === diff.diverging);
  const rerun = b.rerun_of === a.run_id ? b : a.rerun_of === b.run_id ? a : null;
  const at = (value: (typeof diff.metrics)[number]['a']): string =>
    value === null ? trans.__('nothing') : formatValue(decodeNumber(value));
  return (
    <div className="jp-Runlore-diff-summary" role="status">
      {rerun?.verdict && <VerdictBadge verdict={rerun.verdict} trans={trans} />}
      <span>
        {diff.same
          ? trans.__('Nothing differs.')
          : first && first.step !== null
            ? trans.__(
                'The curves first differ at step %1 of %2: %3 → %4.',
                first.step,
                first.metric,
                at(first.a),
                at(first.b)
              )
            : trans.__('All points of all metrics are the same.')}
      </span>
      {diff.unknown.map(sentence => (
        <span key={sentence} className="jp-Runlore-faint">
          {sentence}
        </span>
      ))}
    </div>
  );
}
