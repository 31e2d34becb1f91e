import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CompareModel } from '../../model/compare';
import { CurvesModel } from '../../model/curves';
import { CurvesGrid } from '../curves/grid';

/**
 * A chart for every metric, with the curves of the selected runs, or of all.
 */
export function CurvesTab(props: {
  model: CompareModel;
  curves: CurvesModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, curves, trans } = props;
  const { drawn: runs, styles, marks, runlore: host } = model;
  return <CurvesGrid {...{ runs, styles, marks, curves, host, trans }} />;
}
