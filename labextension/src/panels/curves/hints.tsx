import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { lessIsBetter } from '../../api/metrics';
import { IRun, IRunDetail } from '../../api/types';
import { formatValue } from '../../charts/format';
import { CurvesModel } from '../../model/curves';
import { hintOf, IHint, metricPairs } from '../../model/hints';
import { keptBefore } from '../../model/kept';
import { runTitle } from '../marks/name';

/** Of more runs than this, curves are not fetched for the sake of hints. */
export const MOST_HINTED = 10;
/** More hints than this are no hints but noise. */
const MOST_TOLD = 3;

/** What the curves of training and validation suggest; pairs of which a curve is not loaded say nothing. */
export function useHints(
  runs: readonly IRun[],
  metrics: readonly string[],
  curves: CurvesModel
): readonly IHint[] {
  const pairs = metricPairs(metrics);
  const loaded = runs.flatMap(run =>
    pairs.flatMap(([train, validation]) => {
      const [learnt, checked] = [curves.get(run.run_id, train), curves.get(run.run_id, validation)];
      const isLess = lessIsBetter(runs, validation);
      return learnt && checked && isLess !== undefined ? [{ learnt, checked, isLess }] : [];
    })
  );
  const [held, setHeld] = React.useState<{ from: typeof loaded; hints: readonly IHint[] }>({
    from: [],
    hints: []
  });
  const isSame =
    held.from.length === loaded.length &&
    loaded.every(({ learnt, checked }, index) => {
      const before = held.from[index];
      return before?.learnt === learnt && before.checked === checked;
    });
  if (isSame) {
    return held.hints;
  }
  const hints = loaded.flatMap(
    ({ learnt, checked, isLess }) => hintOf(learnt, checked, isLess) ?? []
  );
  setHeld({ from: loaded, hints });
  return hints;
}

/**
 * What the curves suggest, in words; the rule behind it is told where one points at it.
 */
export function Hints(props: {
  hints: readonly IHint[];
  runs: readonly IRun[];
  curves: CurvesModel;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { hints, runs, curves, trans } = props;
  if (hints.length === 0) {
    return null;
  }
  const more = hints.length - MOST_TOLD;
  return (
    <ul className="jp-Runlore-hints" aria-label={trans.__('What the curves suggest')}>
      {hints.slice(0, MOST_TOLD).map(hint => {
        const run = runs.find(one => one.run_id === hint.runId);
        const name = run ? runTitle(run, trans) : '';
        return (
          <li key={`${hint.runId} ${hint.validation}`} title={rule(hint, trans)} tabIndex={0}>
            <strong>{name}</strong> {sentence(hint, trans)}
            {hint.kind === 'turned' && run && <Checkpoint {...{ hint, run, curves, trans }} />}
          </li>
        );
      })}
      {more > 0 && <li>{trans._n('%1 more hint', '%1 more hints', more)}</li>}
    </ul>
  );
}

/** The model that was kept last before the step to stop at; nothing while that is not known. */
function Checkpoint(props: {
  hint: IHint;
  run: IRun;
  curves: CurvesModel;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { hint, run, curves, trans } = props;
  const [detail, setDetail] = React.useState<IRunDetail | null>(null);
  React.useEffect(() => {
    let isWanted = true;
    curves.detail(run.run_id).then(
      found => isWanted && setDetail(found),
      () => undefined // the hint stands without it
    );
    return () => {
      isWanted = false;
    };
  }, [curves, run.run_id, run.status]);
  const curve = curves.get(run.run_id, hint.validation);
  if (!detail || !curve) {
    return null;
  }
  const kept = keptBefore(detail, curve, hint.step);
  return (
    <>
      {'; '}
      {kept
        ? trans.__('the model kept last before that: %1, after step %2', kept.path, kept.step)
        : detail.models.length > 0
          ? trans.__('no model was kept before that')
          : trans.__('no model was kept')}
    </>
  );
}

function sentence(hint: IHint, trans: TranslationBundle): string {
  const { kind, train, validation, step } = hint;
  const [from = '', to = ''] = hint.figures.map(formatValue);
  switch (kind) {
    case 'turned':
      return trans.__(
        'may overfit: %1 turned at step %2 (%3, now %4) while %5 went on',
        ...[validation, step, from, to, train]
      );
    case 'overfitting':
      return trans.__(
        'may overfit: %1 lies behind %2, by %3 and now %4',
        validation,
        train,
        from,
        to
      );
    case 'underfitting':
      return trans.__(
        'may underfit: %1 and %2 stand still since early (%3, now %4)',
        train,
        validation,
        from,
        to
      );
  }
}

function rule(hint: IHint, trans: TranslationBundle): string {
  switch (hint.kind) {
    case 'turned':
      return trans.__(
        'A hint, no verdict. Rule: of ten equal stretches, %1 was best before the last two and has come back since by a tenth of its improvement or more, beyond its noise, while %2 got no worse.',
        ...[hint.validation, hint.train]
      );
    case 'overfitting':
      return trans.__(
        'A hint, no verdict. Rule: over the second half of ten equal stretches the gap between the two has grown steadily, by a tenth of what training improved or more, beyond the noise.'
      );
    case 'underfitting':
      return trans.__(
        'A hint, no verdict. Rule: both improved by less than a twentieth, and no more from the third of ten equal stretches on.'
      );
  }
}
