/**
 * A request that the server refused; the message is the server's own and says what to do.
 */
export class RefusedError extends Error {
  constructor(
    message: string,
    /** HTTP status. */
    readonly status: number,
    /** The kind of error, for programs. */
    readonly reason: string | null = null,
    /** Kernels that could be used instead; empty when that is not the matter. */
    readonly kernels: readonly string[] = [],
    /** The character of a filter that is at fault, from 0; null when that is not the matter. */
    readonly position: number | null = null,
    /** The parameter whose values are at fault; null when that is not the matter. */
    readonly parameter: string | null = null
  ) {
    super(message);
    this.name = 'RefusedError';
  }
}

/**
 * The server extension gave no answer of its own: no network, no server, or no extension there.
 */
export class UnavailableError extends Error {
  constructor(
    message: string,
    /** HTTP status; null when there was no answer at all. */
    readonly status: number | null = null
  ) {
    super(message);
    this.name = 'UnavailableError';
  }
}
