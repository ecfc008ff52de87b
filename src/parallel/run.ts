/** One run of a pipeline: who waits for the next item, how it ends, and that everything is closed exactly once. */
import { setImmediate as turn } from 'node:timers/promises';
import { unwatchSignal, watchSignal } from '../executor/signal-hub.ts';
import { noteSuppressed } from './failure-place.ts';
import { DONE, isThenable, type Flow, type Step } from './flow.ts';

/** Time after which synchronous stages let the event loop turn: timers, signals and workers' messages come that way. */
const TURN_MS = 10;

interface Waiter {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Closer {
  readonly stage: number;
  readonly close: (reason: unknown) => unknown;
}

/**
 * The state of a run: `open`, then ended once, by the end of the source, by an error (an abort is one), or early.
 *
 * What a stage has open it registers with {@link onClose}, and the end closes it, the last stage first. Errors of the
 * run are told to exactly one reader.
 */
export class Run<T> {
  readonly #closers: Closer[] = [];
  readonly #signal: AbortSignal | undefined;
  #flow: Flow<T> = { next: () => DONE };
  /** The one who waits for something that is pending. */
  #waiter: Waiter | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #told = false;
  #closing: Promise<void> | undefined;
  #turnAt = Date.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    if (signal?.aborted) this.cancel(signal.reason);
    else if (signal !== undefined) watchSignal(signal, this);
  }

  /** The last stage, set once before the first pull. A run that had ended before has the stages to close yet. */
  set flow(flow: Flow<T>) {
    this.#flow = flow;
    if (this.#ended) this.#close(this.#failure?.error);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** How the run failed, while nobody has been told. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#told ? undefined : this.#failure;
  }

  /** Whether nothing is waited for. */
  get idle(): boolean {
    return this.#waiter === undefined;
  }

  /** Registers what the end of the run, or of all that lies above a later stage, has to close. */
  onClose(stage: number, close: (reason: unknown) => unknown): void {
    this.#closers.push({ stage, close });
  }

  /**
   * Closes all that lies above a stage which wants no more, the nearest first.
   *
   * Everything is told to close at once, then awaited; rejects with the first error.
   */
  closeAbove(stage: number, reason: unknown = endedEarly()): Promise<void> {
    const closing: unknown[] = [];
    let failed: { readonly error: unknown } | undefined;
    for (let k = this.#closers.length - 1; k >= 0; k--) {
      const closer = this.#closers[k] as Closer;
      if (closer.stage >= stage) continue;
      this.#closers.splice(k, 1);
      try {
        closing.push(closer.close(reason));
      } catch (error) {
        failed ??= { error };
      }
      // A closer may have closed others.
      k = Math.min(k, this.#closers.length);
    }
    return settleAll(closing, failed);
  }

  /** Lets the event loop turn when synchronous stages have kept it for long; `undefined` when that is not due. */
  breathe(): Promise<void> | undefined {
    if (Date.now() - this.#turnAt < TURN_MS) return undefined;
    return turn().then(() => {
      this.#turnAt = Date.now();
    });
  }

  /** Waits for something until the run ends, whichever comes first. */
  guard<V>(value: PromiseLike<V>): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      const waiter: Waiter = { resolve, reject };
      this.#waiter = waiter;
      const first = () => {
        if (this.#waiter !== waiter) return false;
        this.#waiter = undefined;
        return true;
      };
      value.then(
        (result) => {
          if (first()) resolve(result);
        },
        (error: unknown) => {
          if (first()) reject(error);
        },
      );
    });
  }

  /** The next item; not to be called before the last call has settled. */
  async pull(): Promise<Step<T>> {
    if (this.#ended) return await this.#afterEnd();
    let step: Step<T>;
    try {
      const breath = this.breathe();
      if (breath !== undefined) await this.guard(breath);
      if (this.#ended) return await this.#afterEnd();
      const answer = this.#flow.next();
      step = isThenable(answer) ? await this.guard(answer) : answer;
    } catch (error) {
      return await this.fail(error);
    }
    if (step.done) await this.finish();
    return step;
  }

  /** Calls `each` with every item, one after the other, to the end of the run. */
  async drain(each: (value: T) => unknown): Promise<void> {
    try {
      while (!this.#ended) {
        const answer = this.#flow.next();
        const step = isThenable(answer) ? await this.guard(answer) : answer;
        if (step.done) break;
        const result = each(step.value);
        if (isThenable(result)) await this.guard(result);
        const breath = this.breathe();
        if (breath !== undefined) await this.guard(breath);
      }
    } catch (error) {
      return await this.fail(error);
    }
    if (this.#failure !== undefined) return await this.fail(this.#failure.error);
    await this.finish();
  }

  /** Ends the run with an error, unless it has ended; rejects with what it failed with when all is closed. */
  async fail(thrown: unknown): Promise<never> {
    this.#told = true;
    if (!this.#ended) {
      this.#failure = { error: thrown };
      this.#end(new DOMException('the pipeline failed', 'AbortError'));
    }
    const failure = this.#failure ?? { error: thrown };
    await this.#closing?.catch((other: unknown) => noteSuppressed(failure.error, other));
    throw failure.error;
  }

  /** Ends the run well; rejects when something could not be closed. */
  async finish(): Promise<void> {
    if (!this.#ended) this.#end(endedEarly());
    await this.#closing;
  }

  /** Ends the run early; rejects when something could not be closed. */
  async stop(): Promise<void> {
    if (!this.#ended) this.#end(endedEarly());
    this.#told = true;
    const waiter = this.#takeWaiter();
    waiter?.resolve(DONE as never);
    if (this.#failure === undefined) await this.#closing;
    // Whoever leaves has not asked how it failed, nor what else did.
    else await this.#closing?.catch(() => undefined);
  }

  /** Called when the signal aborts. */
  cancel(reason: unknown): boolean {
    if (this.#ended) return false;
    this.#failure = { error: reason };
    this.#end(reason);
    const waiter = this.#takeWaiter();
    const tell = () => waiter?.reject(reason);
    this.#closing?.then(tell, tell);
    return true;
  }

  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    return waiter;
  }

  #end(reason: unknown): void {
    this.#ended = true;
    if (this.#signal !== undefined) unwatchSignal(this.#signal, this);
    this.#close(reason);
  }

  #close(reason: unknown): void {
    this.#closing = this.closeAbove(Infinity, reason);
    // Whoever learns of the end awaits it; when nobody does, there is nobody to tell.
    this.#closing.catch(() => undefined);
  }

  async #afterEnd(): Promise<Step<T>> {
    if (this.#failure !== undefined && !this.#told) return await this.fail(this.#failure.error);
    return DONE;
  }
}

/** What work finds in its signal when the pipeline ended without needing it. */
export function endedEarly(): DOMException {
  return new DOMException('the pipeline has ended', 'AbortError');
}

async function settleAll(
  closing: readonly unknown[],
  failed: { readonly error: unknown } | undefined,
): Promise<void> {
  let first = failed;
  for (const outcome of await Promise.allSettled(closing)) {
    if (outcome.status === 'rejected') first ??= { error: outcome.reason as unknown };
  }
  if (first !== undefined) throw first.error;
}
