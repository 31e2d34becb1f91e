import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CompareModel } from '../../model/compare';
import { COMPARE_TABS } from '../../model/compareLook';
import { CurvesModel } from '../../model/curves';
import { ITab, Tabs } from '../details/tabs';
import { EmptyState, LoadingState } from '../marks/states';
import { CurvesTab } from './curvesTab';
import { DiffTab } from './diff/diffTab';
import { IDiffTools } from './diff/parts';
import { ImportanceTab } from './importanceTab';
import { ParallelTab } from './parallelTab';
import { ScatterTab } from './scatterTab';
import { TableTab } from './tableTab';

/**
 * The ways to look at the compared runs.
 */
export function ComparePages(props: {
  model: CompareModel;
  curves: CurvesModel;
  tools: IDiffTools;
  /** Unix seconds. */
  now: number;
  /** Opens the details of a run. */
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, curves, tools, now, onOpen, trans } = props;
  if (model.runs.list.length === 0) {
    // Why there are none is said beside the table.
    return model.runs.isLoading ? <LoadingState trans={trans} /> : <EmptyState title="" />;
  }
  const tabs: ITab[] = [
    {
      id: 'curves',
      label: trans.__('Curves'),
      render: () => <CurvesTab {...{ model, curves, trans }} />
    },
    {
      id: 'parallel',
      label: trans.__('Parallel'),
      render: () => <ParallelTab {...{ model, trans }} />
    },
    {
      id: 'scatter',
      label: trans.__('Scatter'),
      render: () => <ScatterTab {...{ model, trans }} />
    },
    {
      id: 'importance',
      label: trans.__('Importance'),
      render: () => <ImportanceTab {...{ model, trans }} />
    },
    {
      id: 'table',
      label: trans.__('Table'),
      render: () => <TableTab {...{ model, now, onOpen, trans }} />
    },
    {
      id: 'diff',
      label: trans.__('Diff'),
      render: () => <DiffTab {...{ model, tools, trans }} />
    }
  ];
  return (
    <Tabs
      label={trans.__('Ways to compare')}
      tabs={tabs}
      openId={model.look.now.tab}
      onOpen={id => {
        const tab = COMPARE_TABS.find(known => known === id);
        if (tab) {
          model.look.set({ tab });
        }
      }}
    />
  );
}
