import { Connection } from './connection';
import {
  IPlot,
  ISweep,
  ISweepCheck,
  ISweepChoices,
  ISweepDetail,
  ISweepRequest
} from './sweepTypes';

/** What of the server's document of itself is read here. */
interface IDocument {
  components: {
    schemas: { SweepRequest: { properties: Record<keyof ISweepChoices, { enum: string[] }> } };
  };
}

/**
 * The part of the REST interface that sweeps have to do with; rejects as `Connection` says.
 */
export class SweepsClient {
  constructor(private readonly _connection: Connection) {}

  /** All sweeps, newest first. */
  async sweeps(): Promise<ISweep[]> {
    return (await this._connection.request<{ sweeps: ISweep[] }>('GET', 'sweeps')).sweeps;
  }

  /** One sweep with its trials. */
  sweep(sweepId: string): Promise<ISweepDetail> {
    return this._connection.request('GET', sweep(sweepId));
  }

  /** What a sweep would come to; nothing begins. */
  check(request: ISweepRequest): Promise<ISweepCheck> {
    return this._connection.request('POST', 'sweep-checks', request);
  }

  /** Begin a sweep. */
  submit(request: ISweepRequest): Promise<ISweepDetail> {
    return this._connection.request('POST', 'sweeps', request);
  }

  /** Stop a sweep, let it go on, or give it another budget. */
  change(
    sweepId: string,
    change: { wish?: 'run' | 'stop'; trials?: number }
  ): Promise<ISweepDetail> {
    return this._connection.request('PATCH', sweep(sweepId), change);
  }

  /** What it looks like, by the names of the plots. */
  async plots(sweepId: string): Promise<Record<string, IPlot>> {
    return (
      await this._connection.request<{ plots: Record<string, IPlot> }>(
        'GET',
        `${sweep(sweepId)}/plots`
      )
    ).plots;
  }

  /** The samplers, pruners and readings that this server knows. */
  async choices(): Promise<ISweepChoices> {
    const { components } = await this._connection.request<IDocument>('GET', 'openapi');
    const { sampler, pruner, reading, center } = components.schemas.SweepRequest.properties;
    return {
      sampler: sampler.enum,
      pruner: pruner.enum,
      reading: reading.enum,
      center: center.enum
    };
  }
}

function sweep(sweepId: string): string {
  return `sweeps/${encodeURIComponent(sweepId)}`;
}
