import {
  ICode,
  ILineage,
  ILineageNode,
  IOutputs,
  IRunFile,
  IRunFiles,
  ITableHead
} from '../../labextension/src/api/provenance';

/** What the server tells of what was around any run, by the end of the path. */
export interface ISurroundings {
  code?: ICode;
  files?: IRunFiles;
  lineage?: ILineage;
  outputs?: IOutputs;
  tables?: ITableHead;
}

/** Of a run with the cells of `someDetail`, which read a file that another run wrote. */
export function someSurroundings(change: ISurroundings = {}): ISurroundings {
  return {
    code: {
      cells: [
        { ordinal: 0, needed: null, now: 'deleted' },
        { ordinal: 1, needed: 'the run itself', now: 'same' }
      ],
      slice_unknown: null,
      notebook: '/x/quickstart.ipynb',
      notebook_unknown: null
    },
    files: { files: [someFile()], left_out: 0 },
    lineage: {
      center: 'a1',
      nodes: [
        someNode({ id: 'a1', name: 'resnet', run_id: 'a1', status: 'finished' }),
        someNode({ id: 'w1', name: 'cleaning', run_id: 'w1', status: 'finished' }),
        someNode({ id: 'f1', kind: 'file', name: 'rows.csv', path: '/x/rows.csv', size: 12 })
      ],
      edges: [
        { source: 'w1', target: 'f1', tie: 'wrote' },
        { source: 'f1', target: 'a1', tie: 'read' }
      ],
      left_out_files: 0,
      left_out_runs: 0
    },
    outputs: { outputs: [{ output_type: 'stream', name: 'stdout', text: 'epoch 1' }], why: null },
    tables: { columns: ['x'], rows: [['<b>1</b>'], [null]], more: false, total: 2, left_out: 0 },
    ...change
  };
}

export function someFile(change: Partial<IRunFile> = {}): IRunFile {
  return {
    use: 'read',
    path: '/x/rows.csv',
    digest: 'd'.repeat(64),
    size: 12,
    cell: 1,
    why: null,
    version: {},
    of_run: true,
    needed: true,
    writer: null,
    ...change
  };
}

export function someNode(change: Partial<ILineageNode>): ILineageNode {
  return {
    id: 'n',
    kind: 'run',
    name: 'node',
    run_id: null,
    path: null,
    digest: null,
    size: null,
    cell: null,
    status: null,
    pruned_at: null,
    verdict: null,
    changed: [],
    version: null,
    ...change
  };
}
