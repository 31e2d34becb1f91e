import * as React from 'react';

import { decodeFloats } from '../../api/numbers';
import { IWireBand } from '../../api/curveTypes';
import { IDrawing } from '../../charts/drawing';
import { Range } from '../../charts/scale';
import { ILine } from '../../charts/traces';
import { ChartChoice } from '../../model/choices';
import { ICurve } from '../../model/curve';
import { CurvesModel } from '../../model/curves';
import { ISeedGroup } from '../../model/seedGroups';
import { AXES } from './zoom';

/**
 * The mean of each group of runs as a line with a band around it, from every point that they logged: the server sums
 * up, in full resolution of the part that is looked at. A group of one run stays the line that it is.
 */
export function useBands(options: {
  lines: readonly ILine[];
  groups: readonly ISeedGroup[];
  metric: string;
  grouping: ChartChoice['group'];
  drawing: IDrawing;
  zoom: Range | null;
  curves: CurvesModel;
}): readonly ILine[] {
  const { lines, groups, metric, grouping, drawing, zoom, curves } = options;
  const [bands, setBands] = React.useState<readonly IWireBand[]>([]);
  // Of runs without such a curve, and of hidden ones, there is no line.
  const drawn = new Set(lines.map(({ curve }) => curve.runId));
  const asked = (grouping === 'none' ? [] : groups)
    .map(({ runs }) => runs.map(run => run.run_id).filter(id => drawn.has(id)))
    .filter(ids => ids.length > 1)
    .map(ids => ids.join())
    .join('\n');
  // Points that came since are summed up, too.
  const stamp = asked === '' ? 0 : lines.reduce((sum, { curve }) => sum + curve.count, 0);
  const { x } = drawing;
  React.useEffect(() => {
    let isGone = false;
    if (asked !== '') {
      const wanted = {
        groups: asked.split('\n').map(ids => ids.split(',')),
        metrics: [metric],
        x: AXES[x],
        ...(zoom && { window: zoom })
      };
      curves.bands(wanted).then(
        came => !isGone && setBands(came),
        () => undefined // the lines of the runs stay
      );
    }
    return () => {
      isGone = true;
    };
  }, [curves, asked, metric, x, zoom, stamp]);
  return React.useMemo(
    () => (grouping === 'none' ? lines : summedUp(lines, groups, bands, grouping, drawing)),
    [lines, groups, bands, grouping, drawing]
  );
}

function summedUp(
  lines: readonly ILine[],
  groups: readonly ISeedGroup[],
  bands: readonly IWireBand[],
  grouping: ChartChoice['group'],
  drawing: IDrawing
): readonly ILine[] {
  return groups.flatMap(({ leader, runs }) => {
    const members = runs.flatMap(
      ({ run_id }) => lines.find(line => line.curve.runId === run_id) ?? []
    );
    const ids = members.map(line => line.curve.runId);
    const first = members.find(line => line.curve.runId === leader.run_id) ?? members[0];
    const band = bands.find(one => one.runs.join() === ids.join());
    if (!first || !band || members.length < 2) {
      return members;
    }
    const mark = `×${members.length}`;
    return [{ ...first, mark, curve: bandCurve(first, band, grouping, drawing) }];
  });
}

/** The band as a curve; whichever axis is drawn has its places. */
function bandCurve(
  { curve, started }: ILine,
  band: IWireBand,
  grouping: ChartChoice['group'],
  drawing: IDrawing
): ICurve {
  const places = decodeFloats(band.x);
  const mean = decodeFloats(band.mean);
  const sd = decodeFloats(band.sd);
  const spread =
    grouping === 'sd'
      ? {
          low: mean.map((value, index) => value - (sd[index] ?? 0)),
          high: mean.map((value, index) => value + (sd[index] ?? 0))
        }
      : { low: decodeFloats(band.low), high: decodeFloats(band.high) };
  const time = drawing.x === 'time' ? places.map(seconds => seconds + started) : places;
  return { ...curve, step: places, time, epoch: places, value: mean, spread };
}
