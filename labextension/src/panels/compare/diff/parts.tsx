import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CompareModel } from '../../../model/compare';
import { countDifferences, DIFF_PARTS, DiffPart, IPairDiff } from '../../../model/diff';
import { Tabs } from '../../details/tabs';
import { EmptyState } from '../../marks/states';
import { CodeDiff } from './codeDiff';
import { DifferenceTable } from './differenceTable';
import { MetricTable } from './metricTable';
import { OutputsDiff } from './outputsDiff';

/**
 * What Lab shows code and outputs with.
 */
export interface IDiffTools {
  languages: IEditorLanguageRegistry | null;
  rendermime: IRenderMimeRegistry | null;
}

/**
 * The parts of two runs behind tabs, each with the number of differences.
 */
export function DiffParts(props: {
  model: CompareModel;
  found: IPairDiff;
  tools: IDiffTools;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, found, tools, trans } = props;
  const { diff } = found;
  const counts = countDifferences(diff);
  const labels: Record<DiffPart, string> = {
    metrics: trans.__('Metrics'),
    code: trans.__('Code'),
    parameters: trans.__('Parameters'),
    environment: trans.__('Environment'),
    data: trans.__('Data'),
    randomness: trans.__('Randomness'),
    outputs: trans.__('Outputs')
  };
  const same: Record<DiffPart, string> = {
    metrics: trans.__('All points of all metrics are the same, and both ended alike.'),
    code: trans.__('All cells and modules are the same.'),
    parameters: trans.__('All parameters are the same.'),
    environment: trans.__(
      'Interpreter, packages, variables, repository and hardware are the same.'
    ),
    data: trans.__('Both read the same data.'),
    randomness: trans.__('Both began with the same random states.'),
    outputs: trans.__('What the cells showed and the artifacts are the same.')
  };
  const [openId, setOpenId] = React.useState<string>(
    DIFF_PARTS.find(part => counts[part] > 0 && part !== 'metrics') ?? 'metrics'
  );
  const table = (part: keyof typeof diff & DiffTable, label: string): React.ReactElement => (
    <DifferenceTable differences={diff[part]} {...{ label, found, trans }} />
  );
  const pages: Record<DiffPart, () => React.ReactElement> = {
    metrics: () => <MetricTable {...{ found, trans }} />,
    code: () => (
      <>
        <CodeDiff {...{ found, trans }} languages={tools.languages} />
        {table('modules', trans.__('Modules and scripts'))}
      </>
    ),
    parameters: () => table('parameters', labels.parameters),
    environment: () => (
      <>
        {table('environment', trans.__('Software'))}
        {table('hardware', trans.__('Hardware'))}
      </>
    ),
    data: () => table('data', labels.data),
    randomness: () => table('random', trans.__('Random states at the start')),
    outputs: () => (
      <>
        <OutputsDiff {...{ model, found, trans }} rendermime={tools.rendermime} />
        {table('artifacts', trans.__('Artifacts'))}
      </>
    )
  };
  return (
    <Tabs
      label={trans.__('Parts of the runs')}
      openId={openId}
      onOpen={setOpenId}
      tabs={DIFF_PARTS.map(part => ({
        id: part,
        label: labels[part],
        note: counts[part] > 0 ? String(counts[part]) : '',
        render: () => (
          <>
            {counts[part] === 0 && <EmptyState title={same[part]} />}
            {(counts[part] > 0 || part === 'code' || part === 'metrics') && pages[part]()}
          </>
        )
      }))}
    />
  );
}

type DiffTable =
  'modules' | 'parameters' | 'environment' | 'hardware' | 'data' | 'random' | 'artifacts';
