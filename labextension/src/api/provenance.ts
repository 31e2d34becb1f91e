import { PartialJSONObject } from '@lumino/coreutils';

import { Connection } from './connection';
import { RunStatus, VerdictWord } from './types';

/** What a notebook file says today of a cell that was executed. */
export type CellFate = 'same' | 'edited' | 'deleted';

export interface ICellMark {
  ordinal: number;
  /** The reason why the run needs it; null where it does not, or nobody knows. */
  needed: string | null;
  now: CellFate | null;
}

export interface ICode {
  cells: ICellMark[];
  /** Why nobody knows which cells are needed. */
  slice_unknown: string | null;
  notebook: string | null;
  /** Why nobody knows what became of the cells. */
  notebook_unknown: string | null;
}

export interface IRunFile {
  /** `code` was read by another process of the user's. */
  use: 'read' | 'code' | 'wrote';
  path: string;
  digest: string | null;
  size: number | null;
  cell: number | null;
  /** What is doubtful about it. */
  why: string | null;
  version: Record<string, string>;
  of_run: boolean;
  /** Whether the run needs that cell. */
  needed: boolean;
  writer: number | null;
}

export interface IRunFiles {
  files: IRunFile[];
  /** How many more there are. */
  left_out: number;
}

export interface ILineageNode {
  id: string;
  /** `cell` is one outside of any run, in the notebook `name`. */
  kind: 'run' | 'file' | 'artifact' | 'cell' | 'model';
  name: string;
  run_id: string | null;
  path: string | null;
  digest: string | null;
  size: number | null;
  cell: number | null;
  status: RunStatus | null;
  /** Of a run that its sweep stopped: the step at which that was decided. */
  pruned_at: number | null;
  verdict: VerdictWord | null;
  /** Parameters that a rerun was given other values of. */
  changed: string[];
  /** Of a registered model. */
  version: string | null;
}

export interface ILineageEdge {
  /** What was there first. */
  source: string;
  target: string;
  tie: 'read' | 'wrote' | 'repeats' | 'registered';
}

export interface ILineage {
  center: string;
  nodes: ILineageNode[];
  edges: ILineageEdge[];
  left_out_files: number;
  left_out_runs: number;
}

/** `dropped` are characters that were not kept; of `more`, entries. */
export type IOutput =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string; dropped?: number }
  | {
      output_type: 'display_data';
      data: PartialJSONObject;
      /** Bytes of what is sent only when everything is asked for, by MIME type. */
      left_out: Record<string, number>;
      /** Why something is gone, by MIME type. */
      lost: Record<string, string>;
    }
  | {
      output_type: 'error';
      ename: string;
      evalue: string;
      traceback: string[];
      dropped?: number;
    }
  | { output_type: 'more'; dropped: number };

export interface IOutputs {
  outputs: IOutput[];
  /** Why nothing is known. */
  why: string | null;
}

/** The first rows of a table, as text. */
export interface ITableHead {
  columns: string[];
  rows: (string | null)[][];
  more: boolean;
  total: number | null;
  left_out: number;
}

/**
 * What was around a run: the part of the REST interface that its page alone asks.
 */
export class ProvenanceClient {
  constructor(private readonly _connection: Connection) {}

  /** Which cells the run needs, and what became of them in the notebook. */
  code(runId: string): Promise<ICode> {
    return this._connection.request('GET', `${pathOf(runId)}/code`);
  }

  /** The files that it read and wrote. */
  files(runId: string): Promise<IRunFiles> {
    return this._connection.request('GET', `${pathOf(runId)}/files`);
  }

  /** Where it comes from and what became of it. */
  lineage(runId: string): Promise<ILineage> {
    return this._connection.request('GET', `${pathOf(runId)}/lineage`);
  }

  /** What a cell showed; large values only with `whole`. */
  outputs(runId: string, ordinal: number, whole = false): Promise<IOutputs> {
    const query = whole ? '?whole=1' : '';
    return this._connection.request('GET', `${pathOf(runId)}/outputs/${ordinal}${query}`);
  }

  /** The first rows of an artifact that is a table. */
  table(runId: string, path: string, rows: number): Promise<ITableHead> {
    const query = `?rows=${rows}`;
    return this._connection.request('GET', `${pathOf(runId)}/tables/${segments(path)}${query}`);
  }

  /** The content of an artifact, or its first `most` bytes. */
  artifact(runId: string, path: string, most?: number): Promise<ArrayBuffer> {
    return this._connection.bytes(`${pathOf(runId)}/artifacts/${segments(path)}`, most);
  }

  /** Where a browser gets an artifact to save it. */
  downloadUrl(runId: string, path: string): string {
    return this._connection.url(`${pathOf(runId)}/artifacts/${segments(path)}?download=1`);
  }
}

function pathOf(runId: string): string {
  return `runs/${encodeURIComponent(runId)}`;
}

/** A path within a URL: a name of dots alone is kept from being one of a folder. */
function segments(path: string): string {
  return path
    .split('/')
    .map(name => encodeURIComponent(name))
    .join(/(^|\/)\.{0,2}(\/|$)/.test(path) ? '%2F' : '/');
}
