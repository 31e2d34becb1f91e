import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IMetricSummary } from '../../api/metricTypes';
import { ILoad, IRunDetail } from '../../api/types';
import { formatLoad } from '../../charts/format';
import { IRunStyle } from '../../model/colors';
import { CurvesModel } from '../../model/curves';
import { CurvesGrid, ICurvesHost } from '../curves/grid';
import { loadTitle, metricWords } from '../marks/load';
import { Part } from './table';

/**
 * What the machine was busy with while the run was open.
 */
export function System(props: {
  run: IRunDetail;
  curves: CurvesModel;
  style: IRunStyle;
  host: ICurvesHost;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, curves, style, host, trans } = props;
  const styles = React.useMemo(() => new Map([[run.run_id, style]]), [run.run_id, style]);
  const isGpu = (name: string): boolean => name.startsWith('system/gpu_');
  // What is dearest stands first.
  const loads = Object.entries(run.system).sort(
    ([one], [other]) => Number(isGpu(other)) - Number(isGpu(one))
  );
  if (loads.length === 0) {
    return (
      <Part title={trans.__('System')}>
        <p>
          {trans.__(
            'The load was not measured: the run was too short for it, or measuring was off.'
          )}
        </p>
      </Part>
    );
  }
  const drawn = loads.filter(([, load]) => load.times > 1);
  const machine = { ...run, metrics: Object.fromEntries(drawn.map(asMetric)) };
  return (
    <Part title={trans.__('System')}>
      {drawn.length > 0 && (
        <CurvesGrid
          {...{ styles, curves, host, trans }}
          runs={[machine]}
          axis="time"
          titleOf={metric => loadTitle(metric, trans)}
        />
      )}
      <LoadTable loads={loads} trans={trans} />
    </Part>
  );
}

/** A load as what the charts take for a metric; less or more of it is neither good nor bad. */
function asMetric([name, load]: readonly [string, ILoad]): [string, IMetricSummary] {
  const { last, max, times } = load;
  return [name, { last, best: null, min: null, max, count: times, step: times - 1 }];
}

function LoadTable(props: {
  loads: readonly (readonly [string, ILoad])[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { loads, trans } = props;
  return (
    <table className="jp-Runlore-table jp-mod-numbers" aria-label={trans.__('System')}>
      <thead>
        <tr>
          <th scope="col">{trans.__('load')}</th>
          <th scope="col">{trans.__('mean')}</th>
          <th scope="col">{trans.__('max')}</th>
          <th scope="col">{trans.__('last')}</th>
          <th scope="col">{trans.__('measured')}</th>
        </tr>
      </thead>
      <tbody>
        {loads.map(([name, load]) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {metricWords(name, trans)}
            </th>
            <td>{formatLoad(name, load.mean)}</td>
            <td>{formatLoad(name, load.max)}</td>
            <td>{formatLoad(name, load.last)}</td>
            <td>{load.times}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
