import { TranslationBundle } from '@jupyterlab/translation';

import { IDrawing } from './drawing';
import { IPoints } from './traces';

/** Why none of the points there are can be drawn; null where one can, or there are none. */
export function absence(
  points: readonly IPoints[],
  drawing: IDrawing,
  trans: TranslationBundle
): string | null {
  const some = (isMeant: (x: number, y: number) => boolean): boolean =>
    points.some(line => line.y.some((y, index) => isMeant(line.x[index] ?? NaN, y)));
  if (!some(() => true)) {
    return null;
  }
  if (!some((_, y) => !Number.isNaN(y))) {
    return trans.__('All values are NaN or infinite');
  }
  if (!some(x => !Number.isNaN(x))) {
    return trans.__('No epochs were logged');
  }
  const isDrawn = some((x, y) => !Number.isNaN(x + y) && (!drawing.log || y > 0));
  return isDrawn ? null : trans.__('No value above 0, as a logarithmic axis needs');
}
