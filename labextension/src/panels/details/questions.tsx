import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRunFile, ProvenanceClient } from '../../api/provenance';
import { IRunDetail } from '../../api/types';
import { Loaded } from './loaded';
import { Part } from './table';

/** How much of an answer the record has. */
type Known = 'known' | 'partly' | 'unknown';

interface IAnswer {
  question: string;
  known: Known;
  sentence: string;
}

/**
 * What somebody must know to repeat the run, and whether the record knows it.
 */
export function Questions(props: {
  run: IRunDetail;
  provenance: ProvenanceClient;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, provenance, trans } = props;
  const words: Record<Known, string> = {
    known: trans.__('recorded'),
    partly: trans.__('in part'),
    unknown: trans.__('not recorded')
  };
  return (
    <Part title={trans.__('Can it be repeated?')}>
      <Loaded
        load={() => provenance.files(run.run_id)}
        version={run.status}
        render={({ files }) => (
          <table
            className="jp-Runlore-table jp-Runlore-questions"
            aria-label={trans.__('Can it be repeated?')}
          >
            <tbody>
              {answers(run, files, trans).map(({ question, known, sentence }) => (
                <tr key={question}>
                  <th scope="row">{question}</th>
                  <td data-known={known}>
                    <span aria-hidden="true">
                      {{ known: '✓', partly: '~', unknown: '?' }[known]}
                    </span>{' '}
                    {words[known]}
                  </td>
                  <td>{sentence}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        trans={trans}
      />
    </Part>
  );
}

function answers(
  run: IRunDetail,
  files: readonly IRunFile[],
  trans: TranslationBundle
): readonly IAnswer[] {
  return [
    code(run, trans),
    environment(run, trans),
    data(files, trans),
    randomness(run, trans),
    outputs(run, trans)
  ];
}

function code(run: IRunDetail, trans: TranslationBundle): IAnswer {
  const question = trans.__('What code ran?');
  const { git, cells } = run;
  const where = !git?.commit
    ? trans.__('no commit')
    : git.dirty && git.patch === null
      ? trans.__('commit %1, with changes that were not kept', git.commit.slice(0, 9))
      : git.dirty
        ? trans.__('commit %1 and its uncommitted changes', git.commit.slice(0, 9))
        : trans.__('commit %1', git.commit.slice(0, 9));
  if (cells.length === 0) {
    const known = git?.commit && (!git.dirty || git.patch !== null) ? 'partly' : 'unknown';
    return { question, known, sentence: trans.__('A script; %1.', where) };
  }
  const sentence = trans._n(
    '%1 executed cell, word for word; %2.',
    '%1 executed cells, word for word; %2.',
    cells.length,
    where
  );
  return { question, known: 'known', sentence };
}

function environment(run: IRunDetail, trans: TranslationBundle): IAnswer {
  const question = trans.__('In what environment?');
  const { environment: found } = run;
  return found
    ? {
        question,
        known: 'known',
        sentence: trans.__(
          'Python %1 with %2 packages on %3.',
          found.python,
          Object.keys(found.packages).length,
          found.platform
        )
      }
    : { question, known: 'unknown', sentence: trans.__('It was not captured.') };
}

function data(files: readonly IRunFile[], trans: TranslationBundle): IAnswer {
  const question = trans.__('On what data?');
  const read = files.filter(file => file.use !== 'wrote' && file.needed);
  const hashed = read.filter(file => file.digest !== null && file.why === null).length;
  if (read.length === 0) {
    return { question, known: 'known', sentence: trans.__('No file was seen to be read.') };
  }
  return {
    question,
    known: hashed === read.length ? 'known' : hashed > 0 ? 'partly' : 'unknown',
    sentence:
      hashed === read.length
        ? trans._n('%1 file, by its hash.', '%1 files, all by their hashes.', read.length)
        : trans.__('%1 of %2 files by their hashes.', hashed, read.length)
  };
}

function randomness(run: IRunDetail, trans: TranslationBundle): IAnswer {
  const question = trans.__('With what randomness?');
  const libraries = Object.keys(run.rng);
  const seed = run.seed === null ? trans.__('no seed was set') : trans.__('seed %1', run.seed);
  return libraries.length > 0
    ? {
        question,
        known: 'known',
        sentence: trans.__('States of %1 before each cell; %2.', libraries.join(', '), seed)
      }
    : {
        question,
        known: run.seed === null ? 'unknown' : 'partly',
        sentence: trans.__('No random state; %1.', seed)
      };
}

function outputs(run: IRunDetail, trans: TranslationBundle): IAnswer {
  const question = trans.__('What came out?');
  const own = run.cells.filter(cell => cell.of_run);
  const kept = own.length > 0 && own.every(cell => cell.shows !== null);
  const counts = trans.__(
    '%1 metrics, %2 artifacts',
    Object.keys(run.metrics).length,
    run.artifacts.length
  );
  const isEmpty = Object.keys(run.metrics).length + run.artifacts.length === 0;
  return kept
    ? { question, known: 'known', sentence: trans.__('%1, and what its cells showed.', counts) }
    : {
        question,
        known: isEmpty ? 'unknown' : 'partly',
        sentence:
          run.status === 'running'
            ? trans.__('%1 so far.', counts)
            : trans.__('%1; what was printed is not all recorded.', counts)
      };
}
