import * as React from 'react';

import { Range } from '../../charts/scale';
import { ILine } from '../../charts/traces';
import { XAxis } from '../../model/choices';
import { ICurve, refined } from '../../model/curve';
import { CurvesModel, IWindow } from '../../model/curves';

/** The server's names of the axes in the units in which parts of them are told. */
export const AXES: Readonly<Record<XAxis, IWindow['x']>> = {
  step: 'step',
  epoch: 'epoch',
  time: 'relative',
  wall: 'time'
};

/**
 * The lines with the part that the user looks at in full resolution: a decimated curve has left most of its points
 * with the server. Until they come, and where they cannot be had, the lines stay as they are.
 *
 * @param range - The part, in steps, epochs or seconds; null for all.
 */
export function useZoom(
  lines: readonly ILine[],
  metric: string,
  x: XAxis,
  range: Range | null,
  curves: CurvesModel
): readonly ILine[] {
  const [parts, setParts] = React.useState<readonly ICurve[]>(NONE);
  const runs = lines.filter(({ curve }) => curve.count > curve.value.length && !curve.spread);
  const wanted = runs.map(line => line.curve.runId).join('\n');
  React.useEffect(() => {
    let isGone = false;
    if (range !== null && wanted !== '') {
      const [from, to] = range;
      curves.window({ runs: wanted.split('\n'), metric, x: AXES[x], from, to }).then(
        came => !isGone && setParts(came),
        () => undefined
      );
    }
    return () => {
      isGone = true;
    };
  }, [curves, metric, x, range, wanted]);
  const shown = range === null ? NONE : parts;
  return React.useMemo(() => withParts(lines, shown, x), [lines, shown, x]);
}

const NONE: readonly ICurve[] = [];

function withParts(lines: readonly ILine[], parts: readonly ICurve[], x: XAxis): readonly ILine[] {
  if (parts.length === 0) {
    return lines;
  }
  return lines.map(line => {
    const { runId, metric } = line.curve;
    const part = parts.find(({ runId: run, metric: name }) => run === runId && name === metric);
    return part ? { ...line, curve: refined(line.curve, part, x) } : line;
  });
}
