import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IPace } from '../../api/rerunTypes';
import { IJob } from '../../api/types';
import { formatDuration } from '../../charts/format';
import { lifeOf } from '../../model/queue';
import { lifeWords } from './words';

/** Lines of what the running cell prints. */
const LINES = 8;

/**
 * The cells of one job, each with its time beside the original's.
 */
export function CellPaces(props: {
  job: IJob;
  pace: IPace | undefined;
  /** Unix seconds. */
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { job, pace, now, trans } = props;
  const life = pace && job.state === 'running' ? lifeOf(pace, now) : undefined;
  const silence = life?.silence;
  return (
    <section
      className="jp-Runlore-paces"
      aria-label={trans.__('Cells of %1', job.name)}
      data-life={life?.state}
    >
      <h3>
        {job.name}
        {silence !== null && silence !== undefined && (
          <span>{trans.__('last sign of life %1 ago', formatDuration(silence))}</span>
        )}
        {life && life.state !== 'working' && <strong>{lifeWords(life, trans)}</strong>}
      </h3>
      {job.error !== null && <p className="jp-Runlore-job-error">{job.error}</p>}
      {!pace || pace.cells.length === 0 ? (
        <p>
          {job.state === 'queued'
            ? trans.__('It has not begun; its cells are listed once it has.')
            : trans.__('Nothing is known of its cells.')}
        </p>
      ) : (
        <ol>
          {pace.cells.map(cell => (
            <li key={cell.ordinal} data-state={cell.state}>
              <span className="jp-Runlore-number">{cell.ordinal}</span>
              <code title={cell.title}>{cell.title}</code>
              <span>
                {
                  {
                    done: trans.__('done'),
                    running: trans.__('running'),
                    waiting: trans.__('waiting'),
                    failed: trans.__('failed'),
                    interrupted: trans.__('interrupted')
                  }[cell.state]
                }
              </span>
              <span className="jp-Runlore-number">
                {cell.elapsed === null ? '' : formatDuration(cell.elapsed)}
              </span>
              <span className="jp-Runlore-number">
                {cell.expected === null
                  ? ''
                  : trans.__('original %1', formatDuration(cell.expected))}
              </span>
            </li>
          ))}
        </ol>
      )}
      {job.state === 'running' && pace?.printed && (
        <pre
          className="jp-Runlore-printed"
          aria-label={trans.__('What the running cell prints')}
          tabIndex={0}
        >
          {lastLines(pace.printed)}
        </pre>
      )}
    </section>
  );
}

/** The end of a text, as a terminal shows it: what a carriage return overwrote is gone. */
function lastLines(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-LINES)
    .map(line => line.trimEnd().split('\r').at(-1) ?? '')
    .join('\n');
}
