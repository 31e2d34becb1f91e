import { HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { metricsOf } from '../../api/metrics';
import { IImportance, IWeightedParameter } from '../../api/comparison';
import { CompareModel } from '../../model/compare';
import { MOST_WEIGHED } from '../../model/compareImportance';
import { EmptyState, ErrorState } from '../marks/states';
import { columnTitle } from '../runs/cell';

/** From this p value on, a direction may be chance. */
const LIKELY = 0.01;
/** So many standard errors above nothing, an importance is more than chance. */
const SURE = 2;

/**
 * How much of a metric hangs on which parameter: bars, the longest first, with what they mean in words.
 */
export function ImportanceTab(props: {
  model: CompareModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { importance, look } = model;
  const { statistic } = look.now;
  const { list } = model.runs;
  const names = metricsOf(list);
  const metric = names.find(name => name === look.now.metric) ?? names[0];
  React.useEffect(() => {
    if (metric !== undefined) {
      importance.look(list, metric, statistic);
    }
  }, [importance, list, metric, statistic]);
  if (metric === undefined) {
    return <EmptyState title={trans.__('No metric logged')} />;
  }
  const { found, error } = importance;
  return (
    <div className="jp-Runlore-importance">
      <label className="jp-Runlore-plot-choice">
        {trans.__('Metric')}
        <HTMLSelect
          className="jp-Runlore-select"
          aria-label={trans.__('Metric')}
          value={metric}
          onChange={event => look.set({ metric: event.target.value })}
        >
          {names.map(name => (
            <option key={name} value={name}>
              {columnTitle({ kind: 'metrics', name, statistic }, null, trans)}
            </option>
          ))}
        </HTMLSelect>
      </label>
      {error ? (
        <ErrorState error={error} onRetry={() => importance.retry()} trans={trans} />
      ) : found ? (
        <>
          <Weights {...{ found, metric, trans }} />
          <LeftOut {...{ found, trans }} isCut={list.length > MOST_WEIGHED} />
        </>
      ) : (
        <div className="jp-Runlore-state" role="status">
          {trans.__('Weighing the parameters by %1 runs…', Math.min(list.length, MOST_WEIGHED))}
        </div>
      )}
    </div>
  );
}

function Weights(props: {
  found: IImportance;
  metric: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { found, metric, trans } = props;
  if (found.unsaid !== null) {
    const [title, sentence] = whyUnsaid(found, found.unsaid, metric, trans);
    return <EmptyState {...{ title, sentence }} />;
  }
  return (
    <>
      <p className="jp-Runlore-importance-sentence" role="status">
        {trans.__(
          'The parameters predict %1 of how %2 runs rank by %3.',
          percent(found.explained ?? 0),
          found.runs,
          metric
        )}
      </p>
      <ol className="jp-Runlore-importance-list" aria-label={trans.__('Parameters by importance')}>
        {found.parameters.map(parameter => (
          <Weight key={parameter.name} {...{ parameter, metric, trans }} />
        ))}
      </ol>
      <p className="jp-Runlore-plot-hint">
        {trans.__(
          'The part of the differences that hangs on a parameter, ± its standard error: %1. It tells what goes together, not what causes what.',
          found.evaluator
        )}
      </p>
    </>
  );
}

function Weight(props: {
  parameter: IWeightedParameter;
  metric: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { parameter, metric, trans } = props;
  const { name, together, importance, spread } = parameter;
  const isChance = importance <= SURE * spread;
  const words = isChance ? trans.__('no more than chance') : direction(parameter, metric, trans);
  return (
    <li className="jp-Runlore-importance-row" data-parameter={name} data-is-chance={isChance}>
      <span className="jp-Runlore-importance-name" title={[name, ...together].join('\n')}>
        {name}
        {together.length > 0 && (
          <span className="jp-Runlore-faint">
            {` ${trans.__('always changed with %1', together.join(', '))}`}
          </span>
        )}
      </span>
      <span className="jp-Runlore-importance-bar" aria-hidden="true">
        <span style={{ width: `${Math.min(importance, 1) * 100}%` }} />
      </span>
      <span className="jp-Runlore-importance-value">
        {`${percent(importance)} ± ${percent(spread)}`}
      </span>
      <span className="jp-Runlore-importance-words" title={words}>
        {words}
      </span>
    </li>
  );
}

function direction(
  parameter: IWeightedParameter,
  metric: string,
  trans: TranslationBundle
): string {
  const { direction: rank, chance } = parameter;
  if (rank === null || chance === null) {
    return trans.__('texts: no direction');
  }
  const told = rank.toFixed(2).replace('-', '−');
  if (chance > LIKELY) {
    return trans.__('no clear direction (rank correlation %1)', told);
  }
  return rank > 0
    ? trans.__('%1 rises with it (rank correlation %2)', metric, told)
    : trans.__('%1 falls with it (rank correlation %2)', metric, told);
}

function whyUnsaid(
  found: IImportance,
  why: NonNullable<IImportance['unsaid']>,
  metric: string,
  trans: TranslationBundle
): [title: string, sentence: string] {
  switch (why) {
    case 'too few runs':
      return [
        trans.__('Too few runs to say'),
        trans._n(
          '%1 run has ended with a value of %2; it takes %3: ten, or two for each parameter that differs where that is more. With fewer, chance looks like importance.',
          '%1 runs have ended with a value of %2; it takes %3: ten, or two for each parameter that differs where that is more. With fewer, chance looks like importance.',
          found.runs,
          metric,
          found.needed
        )
      ];
    case 'no parameter differs':
      return [
        trans.__('No parameter differs'),
        trans.__('All %1 runs have the same parameters.', found.runs)
      ];
    case 'all alike':
      return [
        trans.__('Nothing to explain'),
        trans.__('All %1 runs came to the same value of %2.', found.runs, metric)
      ];
    case 'unexplained':
      return [
        trans.__('The parameters explain next to nothing'),
        trans.__(
          'In %1 runs, they predict %2 of how the runs rank by %3. To weigh them against each other would say nothing.',
          found.runs,
          percent(Math.max(found.explained ?? 0, 0)),
          metric
        )
      ];
  }
}

/** Which runs it was not concluded from. */
function LeftOut(props: {
  found: IImportance;
  /** Whether there were more runs than are weighed. */
  isCut: boolean;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { found, isCut, trans } = props;
  const { lacking, running } = found;
  const reasons = [
    lacking > 0 && trans._n('%1 run has no finite value', '%1 runs have no finite value', lacking),
    running > 0 && trans._n('%1 run has not ended', '%1 runs have not ended', running),
    isCut && trans.__('all but the newest %1 runs', MOST_WEIGHED)
  ].filter(reason => reason !== false);
  return reasons.length === 0 ? null : (
    <p className="jp-Runlore-plot-hint">{trans.__('Left out: %1.', reasons.join(', '))}</p>
  );
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
