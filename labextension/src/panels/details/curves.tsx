import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { IRunStyle } from '../../model/colors';
import { CurvesModel } from '../../model/curves';
import { CurvesGrid, ICurvesHost } from '../curves/grid';

/**
 * Every metric of the run, a small chart each.
 */
export function Curves(props: {
  run: IRun;
  curves: CurvesModel;
  style: IRunStyle;
  host: ICurvesHost;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, curves, style, host, trans } = props;
  const styles = React.useMemo(() => new Map([[run.run_id, style]]), [run.run_id, style]);
  return <CurvesGrid {...{ runs: [run], styles, curves, host, trans }} />;
}
