import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { decodeNumber } from '../../api/numbers';
import { ProvenanceClient } from '../../api/provenance';
import { IMetricSummary } from '../../api/metricTypes';
import { IAnnotation, IRunDetail, ParamSource } from '../../api/types';
import { formatValue } from '../../charts/format';
import { DraftModel } from '../../model/draft';
import { isPruned } from '../marks/marks';
import { Capped } from './capped';
import { Ladder } from './ladder';
import { Models } from './models';
import { Notes } from './notes';
import { Questions } from './questions';
import { FactTable, jsonText, Part } from './table';
import { Tags } from './tags';

/** Rows of a table shown before the user asks for more. */
const FIRST = 100;

/**
 * What was tried, what came out, and what somebody would need to do it again.
 */
export function Overview(props: {
  run: IRunDetail;
  notes: DraftModel | null;
  hypothesis: DraftModel | null;
  provenance: ProvenanceClient;
  rendermime: IRenderMimeRegistry | null;
  onChange: (change: IAnnotation) => Promise<void>;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, notes, hypothesis, provenance, rendermime, commands, onChange, trans } = props;
  const params = Object.entries(run.params);
  const metrics = Object.entries(run.metrics);
  return (
    <>
      {run.verdict && <Ladder verdict={run.verdict} trans={trans} />}
      {run.error && !isPruned(run) && (
        <Part title={trans.__('Error')}>
          <div className="jp-Runlore-error">
            {[run.error.name, run.error.message].filter(Boolean).join(': ')}
          </div>
          <pre className="jp-Runlore-source">{run.error.traceback}</pre>
        </Part>
      )}
      {notes && hypothesis && <Notes {...{ notes, hypothesis, rendermime, trans }} />}
      {run.note !== '' && (
        <Part title={trans.__('Noted by the code')}>
          <p className="jp-Runlore-note">{run.note}</p>
        </Part>
      )}
      <Part title={trans.__('Metrics')}>
        {metrics.length > 0 ? (
          <Capped
            items={metrics}
            first={FIRST}
            render={shown => <MetricTable metrics={shown} trans={trans} />}
            trans={trans}
          />
        ) : (
          <p>{trans.__('None were logged.')}</p>
        )}
      </Part>
      <Part title={trans.__('Parameters')}>
        {params.length > 0 ? (
          <Capped
            items={params}
            first={FIRST}
            render={shown => (
              <ParamTable params={shown} sources={run.param_sources} trans={trans} />
            )}
            trans={trans}
          />
        ) : (
          <p>{trans.__('None were found.')}</p>
        )}
      </Part>
      <Models {...{ run, commands, trans }} />
      <Part title={trans.__('Tags')}>
        <Tags {...{ onChange, trans }} tags={run.tags} />
      </Part>
      <Questions {...{ run, provenance, trans }} />
      <Randomness run={run} trans={trans} />
      {run.not_captured.length > 0 && (
        <Part title={trans.__('Not captured')}>
          <ul className="jp-Runlore-plainList">
            {run.not_captured.map((gap, index) => (
              <li key={index}>
                <b>{gap.what}</b>: {gap.why}
              </li>
            ))}
          </ul>
        </Part>
      )}
      <Part title={trans.__('Record')}>
        <FactTable label={trans.__('Record')} facts={recordFacts(run, trans)} />
      </Part>
    </>
  );
}

function MetricTable(props: {
  metrics: readonly (readonly [string, IMetricSummary])[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { metrics, trans } = props;
  const show = (value: number | null): string => (value === null ? '–' : formatValue(value));
  return (
    <table className="jp-Runlore-table jp-mod-numbers" aria-label={trans.__('Metrics')}>
      <thead>
        <tr>
          <th scope="col">{trans.__('metric')}</th>
          <th scope="col">{trans.__('last')}</th>
          <th scope="col">{trans.__('best')}</th>
          <th scope="col">{trans.__('min')}</th>
          <th scope="col">{trans.__('max')}</th>
          <th scope="col">{trans.__('points')}</th>
          <th scope="col">{trans.__('last step')}</th>
        </tr>
      </thead>
      <tbody>
        {metrics.map(([name, summary]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td title={String(summary.last)}>{formatValue(decodeNumber(summary.last))}</td>
            <td>{show(summary.best)}</td>
            <td>{show(summary.min)}</td>
            <td>{show(summary.max)}</td>
            <td>{summary.count ?? '–'}</td>
            <td>{summary.step}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ParamTable(props: {
  params: readonly (readonly [string, unknown])[];
  sources: Record<string, ParamSource>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { params, sources, trans } = props;
  const words: Record<ParamSource, string> = {
    literal: trans.__('assigned in the notebook'),
    option: trans.__('given to %1', '%%track'),
    user: trans.__('logged')
  };
  return (
    <table className="jp-Runlore-table" aria-label={trans.__('Parameters')}>
      <tbody>
        {params.map(([name, value]) => {
          const source = sources[name];
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="jp-Runlore-code">{jsonText(value)}</td>
              <td className="jp-Runlore-faint">{source && words[source]}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Randomness(props: { run: IRunDetail; trans: TranslationBundle }): React.ReactElement {
  const { run, trans } = props;
  const digests = Object.entries(run.rng).map(
    ([library, digest]) => [library, <code key={library}>{digest}</code>] as const
  );
  return (
    <Part title={trans.__('Randomness')}>
      <FactTable
        label={trans.__('Seed and random states when the run started')}
        facts={[[trans.__('seed'), run.seed ?? trans.__('none was set')], ...digests]}
      />
    </Part>
  );
}

function recordFacts(
  run: IRunDetail,
  trans: TranslationBundle
): (readonly [string, React.ReactNode])[] {
  return [
    [trans.__('run'), <code key="run">{run.run_id}</code>],
    [trans.__('experiment'), run.experiment],
    [trans.__('notebook'), run.notebook ?? '–'],
    [trans.__('session'), <code key="session">{run.session_id}</code>],
    [trans.__('MLflow run'), <code key="mlflow">{run.mlflow_run_id ?? '–'}</code>]
  ];
}
