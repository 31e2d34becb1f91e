import * as React from 'react';

import { Range } from '../../charts/curveChart';
import { ILine } from '../../charts/traces';
import { XAxis } from '../../model/choices';
import { ICurve, refined } from '../../model/curve';
import { CurvesModel } from '../../model/curves';

/**
 * Lines of a chart that become as detailed as the part of them that is looked at.
 */
interface IZoom {
  lines: readonly ILine[];
  onZoom: (range: Range | null) => void;
}

/**
 * Have the part of the lines that the user zoomed to in full resolution: a decimated curve has left most of its points
 * with the server. Until they come, and where they cannot be had, the lines stay as they are.
 */
export function useZoom(
  lines: readonly ILine[],
  metric: string | null,
  x: XAxis,
  curves: CurvesModel
): IZoom {
  const [range, setRange] = React.useState<Range | null>(null);
  const [parts, setParts] = React.useState<readonly ICurve[]>(NONE);
  const onZoom = React.useCallback((next: Range | null) => {
    setRange(held => (held?.[0] === next?.[0] && held?.[1] === next?.[1] ? held : next));
  }, []);
  const runs = lines.filter(({ curve }) => curve.count > curve.value.length);
  const wanted = runs.map(line => line.curve.runId).join('\n');
  React.useEffect(() => {
    let isGone = false;
    if (range !== null && metric !== null && wanted !== '') {
      const [from, to] = range;
      const axis = x === 'step' ? 'step' : 'relative';
      curves.window({ runs: wanted.split('\n'), metric, x: axis, from, to }).then(
        came => !isGone && setParts(came),
        () => undefined
      );
    }
    return () => {
      isGone = true;
    };
  }, [curves, metric, x, range, wanted]);
  const shown = range === null ? NONE : parts;
  return { lines: React.useMemo(() => withParts(lines, shown, x), [lines, shown, x]), onZoom };
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
