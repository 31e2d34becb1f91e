import { ISignal, Signal } from '@lumino/signaling';

import { IModel, IModels, IModelVersion, ModelsClient } from '../api/models';

/** Milliseconds between two looks whether the run has come to MLflow. */
const POLL = 1000;
/** Characters of a name at the most. */
const LONGEST = 250;

/** What is wrong with a name. */
export type NameFault = 'empty' | 'long' | 'letters';

/**
 * What somebody asks of MLflow's model registry: which model of a run is to be a version of which registered one.
 */
export class Registration {
  /**
   * @param path - The model that is meant, or one of its files; null for the first one.
   */
  constructor(
    private readonly _client: ModelsClient,
    readonly runId: string,
    private readonly _path: string | null
  ) {}

  /** Emitted after every change of anything here. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known of the run's models; undefined until it is. */
  told: IModels | undefined;
  /** Why it is not known. */
  error: Error | null = null;
  /** The registered models; undefined while MLflow is asked, null where it did not answer. */
  names: readonly string[] | null | undefined;
  /** Why MLflow did not answer. */
  namesError: Error | null = null;
  name = '';
  description = '';
  /** Why the server refused; null when it did not. */
  refusal: Error | null = null;

  /** The model that is meant; undefined where there is none. */
  get model(): IModel | undefined {
    const models = this.told?.models ?? [];
    return models.find(one => one.path === this._chosen) ?? models[0];
  }

  /** What is wrong with the name; null when nothing is. */
  get nameFault(): NameFault | null {
    const name = this.name.trim();
    if (name === '') {
      return 'empty';
    }
    if (name.length > LONGEST) {
      return 'long';
    }
    return /[/:\p{C}]|^\.{1,2}$/u.test(name) ? 'letters' : null;
  }

  /** Whether a registered model has this name, which gets another version. */
  get isKnown(): boolean {
    return this.names?.includes(this.name.trim()) ?? false;
  }

  /** Whether it can be asked of the server. */
  get isValid(): boolean {
    return this.model !== undefined && this.told?.export === 'there' && this.nameFault === null;
  }

  choose(path: string): void {
    this._chosen = path;
    this._touch();
  }

  setName(name: string): void {
    this.name = name;
    this._touch();
  }

  setDescription(description: string): void {
    this.description = description;
    this._touch();
  }

  /** Learn what can be registered, and under which names; goes on until the run is in MLflow. */
  async load(): Promise<void> {
    await this._look();
    const model = this.told?.models.find(
      ({ path }) => path === this._path || this._path?.startsWith(`${path}/`)
    );
    this._chosen = model?.path ?? null;
    this._changed.emit();
    if (this.told !== undefined && this.told.models.length > 0) {
      try {
        ({ names: this.names } = await this._client.models(this.runId, true));
      } catch (error) {
        this.names = null;
        this.namesError = asError(error);
      }
      this._changed.emit();
    }
  }

  /** Have it registered; null where the server refuses, which `refusal` then tells. */
  async submit(): Promise<IModelVersion | null> {
    const { model, name, description } = this;
    if (!model) {
      return null;
    }
    try {
      return await this._client.register(this.runId, {
        path: model.path,
        name: name.trim(),
        description: description.trim()
      });
    } catch (error) {
      this.refusal = asError(error);
      this._changed.emit();
      return null;
    }
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private async _look(): Promise<void> {
    try {
      this.told = await this._client.models(this.runId);
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
    if (this._isDisposed) {
      return;
    }
    const isComing = this.told?.export === 'coming' || this.told?.export === 'running';
    if (isComing && this.told?.models.length !== 0) {
      this._timer = setTimeout(() => void this._look(), POLL);
    }
    this._changed.emit();
  }

  private _touch(): void {
    this.refusal = null;
    this._changed.emit();
  }

  private _chosen: string | null = null;
  private _isDisposed = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
