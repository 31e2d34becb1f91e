import { Connection } from './connection';

/** A file or a folder of a run's artifacts that a model is. */
export interface IModel {
  path: string;
  /** `mlflow` is a folder that any MLflow can load. */
  kind: 'mlflow' | 'checkpoint' | 'file';
  /** Bytes. */
  size: number;
  files: number;
}

export interface IModelVersion {
  name: string;
  version: string;
  /** The artifact that it is; null where somebody registered it elsewhere. */
  path: string | null;
  /** Unix seconds. */
  created: number;
}

export interface IModels {
  models: IModel[];
  registered: IModelVersion[];
  /** Whether MLflow has the run; `foreign` where MLflow told of it. */
  export: 'there' | 'coming' | 'running' | 'deleted' | 'foreign';
  /** Why nothing can be registered yet, or at all. */
  why: string | null;
  /** The registered models; null where MLflow was not asked. */
  names: string[] | null;
  /** Files that the run wrote, look like models and were not logged. */
  unkept: string[];
}

/**
 * The part of the REST interface that has to do with MLflow's model registry; rejects as `Connection` says.
 */
export class ModelsClient {
  constructor(private readonly _connection: Connection) {}

  /** The models of a run; with `look` MLflow is asked, which takes seconds. */
  models(runId: string, look = false): Promise<IModels> {
    return this._connection.request('GET', `${pathOf(runId)}${look ? '?look=1' : ''}`);
  }

  /** Make a model a new version of the registered model of this name. */
  register(
    runId: string,
    asked: { path: string; name: string; description: string }
  ): Promise<IModelVersion> {
    return this._connection.request('POST', pathOf(runId), asked);
  }
}

/** MLflow's address of a version. */
export function addressOf({ name, version }: IModelVersion): string {
  return `models:/${name}/${version}`;
}

function pathOf(runId: string): string {
  return `runs/${encodeURIComponent(runId)}/models`;
}
