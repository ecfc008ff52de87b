/** `broadcast`: the same call once on every worker. */
import type { AnyFunction } from '../closure/index.ts';
import { Call, type CallOrigin } from './call.ts';
import type { Flight } from './flight.ts';

/** Calls `fn(...args)` once on every worker; the results are in the order of the workers' ids. */
export class BroadcastCall<R> extends Call<R[]> {
  readonly #fn: AnyFunction;
  readonly #args: readonly unknown[];
  readonly #flights = new Set<Flight>();
  #results: R[] = [];

  constructor(origin: CallOrigin, fn: AnyFunction, args: readonly unknown[]) {
    // Once on every worker: a second try would be a second time.
    super({ ...origin, settings: { ...origin.settings, retries: undefined } });
    this.#fn = fn;
    this.#args = args;
  }

  protected override begin(): void {
    this.core.backend.workerIds().then(
      (ids) => this.#launch(ids),
      (error: unknown) => this.fail(error),
    );
  }

  #launch(ids: readonly number[]): void {
    this.total = ids.length;
    this.#results = new Array<R>(ids.length);
    const fns = [this.#fn];
    const items = [this.#args];
    ids.forEach((worker, base) => {
      if (this.settled) return;
      const flight = this.flight({ op: 'call', fns, items, base, worker }, 0, 1);
      this.#flights.add(flight);
      this.send(flight);
    });
    if (ids.length === 0) this.finish([]);
  }

  override accept(flight: Flight, _k: number, values: ArrayLike<unknown>): void {
    if (this.settled) return;
    this.#results[flight.base] = values[0] as R;
    this.advance(1);
    if (this.completed === this.total) this.finish(this.#results);
  }

  protected override landedWell(): void {
    // Its result came before.
  }

  protected override again(): void {
    // Never: no retries.
  }

  protected override removed(flight: Flight): void {
    this.#flights.delete(flight);
  }

  protected override abandon(reason: unknown): void {
    for (const flight of [...this.#flights]) this.core.backend.cancel(flight, reason);
  }

  protected override where(flight: Flight): string {
    return `${this.name} (task #${this.id}, worker ${flight.work.worker})`;
  }
}
