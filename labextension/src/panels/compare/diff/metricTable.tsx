import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { decodeNumber } from '../../../api/numbers';
import { WireNumber } from '../../../api/types';
import { formatValue } from '../../../charts/format';
import { IPairDiff } from '../../../model/diff';
import { runTitle } from '../../marks/name';
import { DifferenceTable } from './differenceTable';

/**
 * Every metric of both runs: where their curves part, and where they end; and how the runs ended.
 */
export function MetricTable(props: {
  found: IPairDiff;
  trans: TranslationBundle;
}): React.ReactElement {
  const { found, trans } = props;
  const { diff } = found;
  const [a, b] = [runTitle(found.a, trans), runTitle(found.b, trans)];
  return (
    <>
      <DifferenceTable
        differences={diff.outcome}
        label={trans.__('How they ended')}
        {...{ found, trans }}
      />
      {diff.metrics.length > 0 && (
        <table
          className="jp-Runlore-table jp-mod-numbers jp-Runlore-diff-table"
          aria-label={trans.__('Metrics')}
        >
          <thead>
            <tr>
              <th scope="col">{trans.__('metric')}</th>
              <th scope="col">{trans.__('diverges at step')}</th>
              <th scope="col">{trans.__('there: %1', a)}</th>
              <th scope="col">{trans.__('there: %1', b)}</th>
              <th scope="col">{trans.__('last: %1', a)}</th>
              <th scope="col">{trans.__('last: %1', b)}</th>
              <th scope="col">{trans.__('points')}</th>
            </tr>
          </thead>
          <tbody>
            {diff.metrics.map(metric => (
              <tr key={metric.metric} data-is-same={metric.step === null}>
                <th scope="row">{metric.metric}</th>
                <td>
                  {metric.step === null ? trans.__('the same') : metric.step}
                  {metric.metric === diff.diverging && ` ${trans.__('(first)')}`}
                </td>
                <NumberCell value={metric.a} />
                <NumberCell value={metric.b} />
                <NumberCell value={metric.last[0]} />
                <NumberCell value={metric.last[1]} />
                <td>
                  {metric.points[0] === metric.points[1]
                    ? metric.points[0]
                    : metric.points.join(' / ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function NumberCell(props: { value: WireNumber | null }): React.ReactElement {
  const { value } = props;
  return value === null ? (
    <td>–</td>
  ) : (
    <td title={String(value)}>{formatValue(decodeNumber(value))}</td>
  );
}
