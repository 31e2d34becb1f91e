import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { RefusedError, UnavailableError } from './errors';
import { IErrorBody } from './types';

/**
 * Requests to the Runlore server extension.
 *
 * They reject with a `RefusedError` when the server refuses and with an `UnavailableError` when nobody who knows
 * Runlore answers.
 */
export class Connection {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Emitted when a request that is still wanted reached nobody. */
  get lost(): ISignal<this, void> {
    return this._lost;
  }

  /** Where a path of the interface is. */
  url(path: string): string {
    return URLExt.join(this._settings.baseUrl, 'runlore') + '/' + path;
  }

  /** The JSON that is answered; who asks may give the request up by the signal, and it rejects as without an answer. */
  async request<T>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
    const init: RequestInit = {
      method,
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal })
    };
    const response = await this._respond(path, init);
    const content = await contentOf(response);
    if (response.ok) {
      return content as T;
    }
    throw refusal(response, content);
  }

  /** The bytes that are answered: all of them, or the first `most`. */
  async bytes(path: string, most?: number): Promise<ArrayBuffer> {
    const init = most === undefined ? {} : { headers: { Range: `bytes=0-${most - 1}` } };
    const response = await this._respond(path, init);
    if (response.status === 416) {
      return new ArrayBuffer(0); // there is not a single one
    }
    if (!response.ok) {
      throw refusal(response, await contentOf(response));
    }
    try {
      return await response.arrayBuffer();
    } catch (error) {
      throw new UnavailableError(error instanceof Error ? error.message : String(error));
    }
  }

  private async _respond(path: string, init: RequestInit): Promise<Response> {
    try {
      return await ServerConnection.makeRequest(this.url(path), init, this._settings);
    } catch (error) {
      if (!init.signal?.aborted) {
        this._lost.emit();
      }
      throw new UnavailableError(error instanceof Error ? error.message : String(error));
    }
  }

  private _lost = new Signal<this, void>(this);
}

async function contentOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new UnavailableError(`${response.status} ${response.statusText}`, response.status);
  }
}

function refusal(response: Response, content: unknown): Error {
  return isErrorBody(content)
    ? new RefusedError(
        content.message,
        response.status,
        content.reason ?? null,
        content.kernels ?? [],
        content.position ?? null,
        content.parameter ?? null
      )
    : new UnavailableError(`${response.status} ${response.statusText}`, response.status);
}

function isErrorBody(content: unknown): content is IErrorBody {
  return (
    typeof content === 'object' &&
    content !== null &&
    typeof (content as { message?: unknown }).message === 'string'
  );
}

/** The query of the options that are given. */
export function given(options: object): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options) as [string, string | number | undefined][]) {
    if (value !== undefined && value !== '') {
      query.append(name, String(value));
    }
  }
  return query;
}

/** A path with its query, if there is one. */
export function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
