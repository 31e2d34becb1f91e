import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { ProvenanceClient } from '../../api/provenance';
import { IAnnotation, IJob, IRun, IRunDetail } from '../../api/types';
import { IRunStyle } from '../../model/colors';
import { CurvesModel } from '../../model/curves';
import { DraftModel } from '../../model/draft';
import { runTitle } from '../marks/name';
import { ICurvesHost } from '../curves/grid';
import { Artifacts } from './artifacts';
import { Code } from './code';
import { Curves } from './curves';
import { Environment } from './environment';
import { Files } from './files';
import { Header } from './header';
import { Lineage } from './lineage';
import { Logs } from './logs';
import { Overview } from './overview';
import { Highlighter } from './source';
import { System } from './system';
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
  /** The user's texts on the run; null while they are not loaded. */
  notes: DraftModel | null;
  hypothesis: DraftModel | null;
  provenance: ProvenanceClient;
  highlight: Highlighter | null;
  /** Lab's renderers; null where there are none, and text is all that is shown. */
  rendermime: IRenderMimeRegistry | null;
  commands: CommandRegistry;
  /** The open tab; the view keeps it itself where nobody else does. */
  tab?: string;
  onTab?: (tab: string) => void;
  /** A run that is loaded. */
  find: (runId: string) => IRun | undefined;
  onStop: (jobId: string) => void;
  onOpen: (runId: string) => void;
  onChange: (change: IAnnotation) => Promise<void>;
  trans: TranslationBundle;
}

/**
 * Everything recorded about a run.
 */
export function DetailsView(props: IDetailsViewProps): React.ReactElement {
  const { run, curves, style, host, trans } = props;
  const tabs = [
    {
      id: 'overview',
      label: trans.__('Overview'),
      render: () => <Overview {...props} />
    },
    {
      id: 'curves',
      label: trans.__('Curves'),
      render: () => <Curves {...{ run, curves, style, host, trans }} />
    },
    {
      id: 'code',
      label: trans.__('Code'),
      render: () => <Code {...props} />
    },
    {
      id: 'environment',
      label: trans.__('Data and environment'),
      render: () => (
        <>
          <Files {...props} />
          <System {...props} />
          <Environment run={run} trans={trans} />
        </>
      )
    },
    {
      id: 'artifacts',
      label: trans.__('Artifacts'),
      render: () => <Artifacts {...props} />
    },
    {
      id: 'lineage',
      label: trans.__('Lineage'),
      render: () => <Lineage {...props} />
    },
    {
      id: 'logs',
      label: trans.__('Logs'),
      render: () => <Logs {...props} />
    }
  ];
  return (
    <article className="jp-Runlore-details-view" data-runlore-details={run.run_id}>
      <Header {...props} />
      <Tabs
        label={trans.__('Details of %1', runTitle(run, trans))}
        tabs={tabs}
        openId={props.tab}
        onOpen={props.onTab}
      />
    </article>
  );
}
