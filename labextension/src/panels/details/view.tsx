import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IJob, IRun, IRunDetail } from '../../api/types';
import { IRunStyle } from '../../model/colors';
import { CurvesModel } from '../../model/curves';
import { runTitle } from '../marks/name';
import { ICurvesHost } from '../curves/grid';
import { Artifacts } from './artifacts';
import { Code, Highlighter } from './code';
import { Curves } from './curves';
import { Environment } from './environment';
import { Header } from './header';
import { Overview } from './overview';
import { Reruns } from './reruns';
import { Tabs } from './tabs';

/**
 * Properties of the details of a run.
 */
export interface IDetailsViewProps {
  run: IRunDetail;
  /** Unix seconds. */
  now: number;
  job: IJob | undefined;
  curves: CurvesModel;
  style: IRunStyle;
  host: ICurvesHost;
  highlight: Highlighter | null;
  /** A run that is loaded. */
  find: (runId: string) => IRun | undefined;
  onRerun: () => void;
  onStop: (jobId: string) => void;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}

/**
 * Everything recorded about a run.
 */
export function DetailsView(props: IDetailsViewProps): React.ReactElement {
  const { run, curves, style, host, highlight, find, onOpen, trans } = props;
  const tabs = [
    {
      id: 'overview',
      label: trans.__('Overview'),
      render: () => <Overview run={run} trans={trans} />
    },
    {
      id: 'curves',
      label: trans.__('Curves'),
      render: () => <Curves {...{ run, curves, style, host, trans }} />
    },
    {
      id: 'code',
      label: trans.__('Code'),
      render: () => <Code {...{ run, highlight, trans }} />
    },
    {
      id: 'environment',
      label: trans.__('Environment'),
      render: () => <Environment run={run} trans={trans} />
    },
    {
      id: 'artifacts',
      label: trans.__('Artifacts'),
      render: () => <Artifacts artifacts={run.artifacts} trans={trans} />
    },
    {
      id: 'reruns',
      label: trans.__('Reruns'),
      render: () => <Reruns {...{ run, find, onOpen, trans }} />
    }
  ];
  return (
    <article className="jp-Runlore-details-view" data-runlore-details={run.run_id}>
      <Header {...props} />
      <Tabs label={trans.__('Details of %1', runTitle(run, trans))} tabs={tabs} />
    </article>
  );
}
