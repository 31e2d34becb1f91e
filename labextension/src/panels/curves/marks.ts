import { TranslationBundle } from '@jupyterlab/translation';

import { IRun } from '../../api/types';
import { IDrawing } from '../../charts/drawing';
import { formatValue } from '../../charts/format';
import { IHint } from '../../model/hints';
import { IMark, IRule } from '../../charts/markLayer';
import { ILine, IPoints } from '../../charts/traces';

/** The best point of each line: the least one where the server says that less is better for the metric. */
export function bestMarks(
  lines: readonly ILine[],
  points: readonly IPoints[],
  isLess: boolean,
  trans: TranslationBundle
): IMark[] {
  return lines.flatMap((line, index) => {
    const drawn = points[index];
    let best = -1;
    drawn?.raw.forEach((value, at) => {
      const held = drawn.raw[best] ?? NaN;
      if (!Number.isNaN(value) && (best < 0 || (isLess ? value < held : value > held))) {
        best = at;
      }
    });
    const [x, y] = [drawn?.x[best], drawn?.raw[best]];
    if (x === undefined || y === undefined) {
      return [];
    }
    const title = trans.__('Best of %1: %2', line.name, formatValue(y));
    return [{ runId: line.curve.runId, color: line.style.color, x, y, title }];
  });
}

/** Where reruns part from their originals in this metric, and why as far as the verdict knows. */
export function divergenceRules(
  runs: readonly IRun[],
  lines: readonly ILine[],
  points: readonly IPoints[],
  metric: string,
  drawing: IDrawing,
  trans: TranslationBundle
): IRule[] {
  return runs.flatMap(run => {
    const { divergence, causes, reason } = run.verdict ?? {};
    const index = lines.findIndex(line => line.curve.runId === run.run_id);
    const [line, drawn] = [lines[index], points[index]];
    if (!divergence || divergence.metric !== metric || !line || !drawn) {
      return [];
    }
    const x = drawing.x === 'step' ? divergence.step : placeOf(line, drawn, divergence.step);
    const [cause] = causes ?? [];
    const word = trans.__('diverges at step %1', divergence.step);
    const title = [`${line.name} ${line.mark}: ${word}`, cause ?? reason ?? ''].join('\n').trim();
    return x === undefined ? [] : [{ runId: run.run_id, color: line.style.color, x, word, title }];
  });
}

/** Where validation turned, as far as that is hinted at: the step to stop at. */
export function turningRules(
  hints: readonly IHint[],
  lines: readonly ILine[],
  points: readonly IPoints[],
  metric: string,
  drawing: IDrawing,
  trans: TranslationBundle
): IRule[] {
  return hints.flatMap(({ kind, runId, validation, step }) => {
    const index = lines.findIndex(line => line.curve.runId === runId && !line.curve.spread);
    const [line, drawn] = [lines[index], points[index]];
    if (kind !== 'turned' || validation !== metric || !line || !drawn) {
      return [];
    }
    const x = drawing.x === 'step' ? step : placeOf(line, drawn, step);
    const word = trans.__('best at step %1', step);
    const title = trans.__(
      '%1: early stopping at step %2 would have kept the best',
      line.name,
      step
    );
    return x === undefined ? [] : [{ runId, color: line.style.color, x, word, title }];
  });
}

/** Where a step is drawn on another axis: at the first point of the line that has reached it. */
function placeOf(line: ILine, drawn: IPoints, step: number): number | undefined {
  const at = line.curve.step.findIndex(reached => reached >= step);
  return at < 0 || !drawn.ascends ? undefined : drawn.x[at];
}
