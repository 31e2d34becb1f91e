import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { ILine } from '../../charts/traces';
import { IRunStyle } from '../../model/colors';
import { CurvesModel } from '../../model/curves';
import { rerunMark } from '../marks/name';

/** The lines of one metric, of the runs that have it; `marks` tell runs of one name apart, by run id. */
export function metricLines(
  runs: readonly IRun[],
  metric: string,
  curves: CurvesModel,
  styles: ReadonlyMap<string, IRunStyle>,
  trans: TranslationBundle,
  marks?: ReadonlyMap<string, string>
): ILine[] {
  return runs.flatMap(run => {
    const curve = curves.get(run.run_id, metric);
    const style = styles.get(run.run_id);
    const { name, started } = run;
    const isLive = run.status === 'running';
    const mark = [rerunMark(run, trans), marks?.get(run.run_id)].filter(Boolean).join(' ');
    return curve && style ? [{ curve, style, name, mark, started, isLive }] : [];
  });
}

/** The same array as before while nothing in it has changed, so that charts are drawn for a reason only. */
export function useStableLines(lines: readonly ILine[]): readonly ILine[] {
  const [stable, setStable] = React.useState(lines);
  if (areSameLines(stable, lines)) {
    return stable;
  }
  setStable(lines);
  return lines;
}

/** Whether there is nothing to draw anew. */
export function areSameLines(before: readonly ILine[], after: readonly ILine[]): boolean {
  return (
    before.length === after.length &&
    after.every((line, index) => {
      const old = before[index];
      return (
        old?.curve === line.curve &&
        old.name === line.name &&
        old.mark === line.mark &&
        old.isLive === line.isLive &&
        old.style.color === line.style.color &&
        old.style.dash === line.style.dash
      );
    })
  );
}
