import { StateDB } from '@jupyterlab/statedb';
import { Signal } from '@lumino/signaling';

import { CHANGE_SCHEMA, LiveFeed } from '../../labextension/src/model/live';
import { Runlore } from '../../labextension/src/model/runlore';
import { RestServer } from './server';

/**
 * A browser page over a REST server: what outlives a reload of the page, and the models of each load.
 */
export class Page {
  static async open(): Promise<Page> {
    return new Page(await RestServer.start());
  }

  private constructor(readonly server: RestServer) {}

  readonly state = new StateDB();
  readonly events = new Signal<object, LiveFeed.IEvent>({});

  /** The models of a page that shows nothing. */
  create(): Runlore {
    const { events: stream, state } = this;
    const runlore = new Runlore({ client: this.server.client(), stream, state });
    this._loads.push(runlore);
    return runlore;
  }

  /** The page after a (re)load, with a view that is visible. */
  async load(): Promise<Runlore> {
    const runlore = this.create();
    const isFetched = new Promise<void>(resolve => runlore.fetched.connect(() => resolve()));
    runlore.retain();
    await isFetched;
    return runlore;
  }

  /** Let the server tell of a change. */
  emit(change: { runs?: unknown; jobs?: unknown }): void {
    this.events.emit({ schema_id: CHANGE_SCHEMA, runs: [], jobs: [], ...change });
  }

  async close(): Promise<void> {
    this._loads.forEach(runlore => runlore.dispose());
    await this.server.stop();
  }

  private readonly _loads: Runlore[] = [];
}
