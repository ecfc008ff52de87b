/** Where actors of an executor live: workers of their own, or the calling thread. */
import type { WorkerCrashedError } from '../../base/errors.ts';
import type { Backend, HostBackend } from '../backend.ts';

/** What a place tells the actors that live there. */
export interface Resident {
  /** The worker is gone, and the object with it. */
  lost(error: WorkerCrashedError): void;
}

/** One worker (or the calling thread) and the actors that live there. */
export class Place {
  /** Where code of the actors runs. */
  readonly backend: Backend;
  readonly residents = new Set<Resident>();
  readonly #host: HostBackend | undefined;
  /** Why the worker is being ended, until it is. */
  #reason: unknown;
  #closing: Promise<void> | undefined;

  constructor(executor: Backend) {
    this.#host = executor.host?.((error) => this.#lost(error));
    this.backend = this.#host ?? executor;
  }

  #lost(error: WorkerCrashedError): void {
    const reason = this.#reason;
    this.#reason = undefined;
    if (error.cause === undefined && reason !== undefined) {
      Object.defineProperty(error, 'cause', { value: reason, configurable: true, writable: true });
    }
    for (const resident of [...this.residents]) resident.lost(error);
  }

  /** Ends the worker now: something on it did not stop for `reason`. */
  kill(reason: unknown): void {
    if (this.#host === undefined) return;
    this.#reason ??= reason;
    this.#host.kill();
  }

  /** Ends the worker when what it runs is done. The calling thread stays. */
  close(): Promise<void> {
    return (this.#closing ??= this.#host?.close() ?? Promise.resolve());
  }

  /** Ends the worker now. */
  terminate(reason: unknown): Promise<void> {
    return (this.#closing = this.#host?.terminate(reason) ?? Promise.resolve());
  }

  /** For a thread that blocks elsewhere: sends and takes in what waits. */
  turn(): void {
    this.#host?.turn();
  }
}
