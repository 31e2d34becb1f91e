import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IGit, IRunDetail } from '../../api/types';
import { formatSize } from '../../charts/format';
import { wordMatcher } from '../../model/words';
import { SearchField } from '../marks/searchField';
import { FactTable, jsonText, Part } from './table';

/**
 * In what the run ran: interpreter, packages, machine, repository.
 */
export function Environment(props: {
  run: IRunDetail;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, trans } = props;
  const { environment } = run;
  return (
    <>
      <Part title={trans.__('Git')}>
        {run.git ? (
          <Git git={run.git} trans={trans} />
        ) : (
          <p>{trans.__('The notebook was in no git repository.')}</p>
        )}
      </Part>
      {environment ? (
        <>
          <Part title={trans.__('Interpreter')}>
            <FactTable
              label={trans.__('Interpreter')}
              facts={[
                ['Python', environment.python],
                [trans.__('platform'), environment.platform],
                [trans.__('kernel'), run.kernel ?? '–']
              ]}
            />
          </Part>
          <Part title={trans.__('Hardware')}>
            <FactTable
              label={trans.__('Hardware')}
              facts={Object.entries(environment.hardware).map(([name, value]) => [
                hardwareWord(name, trans),
                hardwareText(name, value)
              ])}
            />
          </Part>
          <Packages packages={environment.packages} trans={trans} />
          <Part title={trans.__('Variables')}>
            <FactTable
              label={trans.__('Environment variables')}
              facts={Object.entries(environment.variables)}
            />
          </Part>
        </>
      ) : (
        <Part title={trans.__('Packages')}>
          <p>{trans.__('The environment was not captured.')}</p>
        </Part>
      )}
    </>
  );
}

function hardwareWord(name: string, trans: TranslationBundle): string {
  // A map, since a record may name anything: an object would know 'constructor'.
  const words = new Map([
    ['cpus', trans.__('processors')],
    ['usable_cpus', trans.__('usable processors')],
    ['processor', trans.__('model of the processor')],
    ['machine', trans.__('architecture')],
    ['isa', trans.__('vector instructions')],
    ['memory_bytes', trans.__('memory')],
    ['nvidia_driver', trans.__('NVIDIA driver')]
  ]);
  return words.get(name) ?? name;
}

function hardwareText(name: string, value: unknown): string {
  if (value === null) {
    return '–';
  }
  if (name === 'memory_bytes' && typeof value === 'number') {
    return formatSize(value);
  }
  return Array.isArray(value) ? value.map(jsonText).join(', ') : jsonText(value);
}

function workingTree(isDirty: boolean | null, trans: TranslationBundle): string {
  if (isDirty === null) {
    return '–';
  }
  return isDirty ? trans.__('changed since the commit') : trans.__('clean');
}

function Git(props: { git: IGit; trans: TranslationBundle }): React.ReactElement {
  const { git, trans } = props;
  return (
    <>
      <FactTable
        label={trans.__('Git')}
        facts={[
          [trans.__('commit'), <code key="commit">{git.commit ?? '–'}</code>],
          [trans.__('branch'), git.branch ?? '–'],
          [trans.__('working tree'), workingTree(git.dirty, trans)],
          [trans.__('folder'), git.root || '–']
        ]}
      />
      {git.patch !== null && git.patch !== '' && (
        <details className="jp-Runlore-patch">
          <summary>{trans.__('Changes since the commit')}</summary>
          <pre className="jp-Runlore-source" tabIndex={0}>
            {git.patch}
          </pre>
        </details>
      )}
    </>
  );
}

function Packages(props: {
  packages: Record<string, string>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { packages, trans } = props;
  const [search, setSearch] = React.useState('');
  const all = Object.entries(packages);
  const matches = wordMatcher(search);
  const found = all.filter(([name]) => matches(name));
  return (
    <Part title={trans.__('Packages (%1)', all.length)}>
      <SearchField
        label={trans.__('Find packages')}
        value={search}
        onChange={setSearch}
        status={trans.__('%1 of %2 packages', found.length, all.length)}
      />
      <div
        className="jp-Runlore-packages"
        role="region"
        aria-label={trans.__('Packages')}
        tabIndex={0} // to scroll by keyboard
      >
        <FactTable label={trans.__('Packages')} facts={found} />
      </div>
    </Part>
  );
}
