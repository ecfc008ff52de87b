/** What `context()` finds in a method of an actor. */
import { parentChannel } from '../notices.ts';
import type { ContextProvider, ContextSource } from '../runner.ts';
import { pollingController } from '../worker-run.ts';

const first = new Int32Array(1);

/**
 * One per call. While the call is a part, its stop and its seed are the part's; when it goes on after the part they are
 * its own.
 */
export class CallScope implements ContextSource {
  readonly workerId: number;
  readonly taskId: number;
  readonly base = 0;
  readonly current = first;
  /** Keys of the actors that wait for what this call does. */
  readonly chain: string;
  readonly #report: (data: unknown) => void;
  #part: ContextProvider | undefined;
  #seed: number | undefined;
  #abort: AbortController | undefined;

  /** `part`: where the call is the part that runs. */
  constructor(
    taskId: number,
    chain: string,
    report: (data: unknown) => void,
    part: ContextProvider | undefined,
  ) {
    this.workerId = parentChannel()?.workerId ?? 0;
    this.taskId = taskId;
    this.chain = chain;
    this.#report = report;
    this.#part = part;
  }

  source(): this {
    return this;
  }

  get seed(): number {
    this.#seed ??= this.#part?.source()?.seed ?? Math.floor(Math.random() * 2 ** 32);
    return this.#seed;
  }

  get abort(): AbortController {
    return (this.#abort ??= pollingController(() => this.poll()));
  }

  /** The call goes on, and its part does not. */
  detach(): void {
    if (this.#part === undefined) return;
    this.#seed ??= this.seed;
    this.#part = undefined;
  }

  poll(): void {
    if (this.#part === undefined) {
      parentChannel()?.poll();
      return;
    }
    const part = this.#part.source();
    part?.poll();
    const signal = part?.abort.signal;
    if (signal?.aborted === true) this.stop(signal.reason);
  }

  stop(reason: unknown): void {
    const { abort } = this;
    abort.abort(reason);
  }

  report(_k: number, data: unknown): void {
    this.#report(data);
  }
}
