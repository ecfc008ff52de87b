/**
 * Waiting, written once for both forms.
 *
 * What has to wait is a generator: it does atomic operations and, where it cannot go on, yields the word to sleep on. Whoever
 * drives it sleeps and calls it again, `true` to look once more, `false` when the time is up: then it takes back what it has
 * announced, and ends. The blocking and the asynchronous form of a primitive are the same generator with two drivers.
 *
 * Nobody sleeps for longer than {@link sliceMs} at a time: that is how a dead holder is noticed, and why the loss of a wake-up
 * (its thread was terminated with it in hand) costs a moment and not the program.
 */
import { WaitTimeoutError, WouldBlockError } from '../base/errors.ts';
import { goRounds, mayBlock } from '../base/blocking.ts';
import { abortSignal, show, unknownOption } from '../base/options.ts';
import type { Agents } from './agents.ts';
import { watch } from './debug.ts';
import type { Words } from './words.ts';

/** What a waiting generator yields: sleep while the word is `value`. `holder` is who could change that, where it is known. */
export interface Sleep {
  readonly words: Words;
  readonly at: number;
  readonly value: number;
  readonly holder?: number;
  /** It takes microseconds, whatever the limits of the wait and the thread are: the lock inside a channel. */
  readonly brief?: true;
}

/** Ends with the outcome; receives whether to go on. */
export type Steps<T> = Generator<Sleep, T, boolean>;

/** Limits of one wait. */
export interface WaitOptions {
  /** Longest time to wait, in milliseconds, from 0; default: no limit. */
  timeoutMs?: number | undefined;
  /** Ends the wait when it aborts; the call throws its `reason`. */
  signal?: AbortSignal | undefined;
}

/** What waits, as errors call it, and whose table it takes part in. */
export interface Waiter {
  readonly agents: Agents;
  describe(): string;
  /** What to do when a thread has died in it, where that is not to take it over. */
  readonly afterDeath?: string;
}

/** A sleep is cut into pieces of this length. */
const sliceMs = 100;
/** A blocked thread gets no events: it looks at its signal, and after its own tasks, this often. */
const signalMs = 10;

const isSignal = abortSignal();
const limits: readonly string[] = ['timeoutMs', 'signal'];

/** The end of a wait by `performance.now()`. */
export function deadlineOf(options: WaitOptions | undefined, waiter: Waiter): number {
  if (options === undefined) return Infinity;
  if (typeof options !== 'object' || options === null)
    throw new TypeError(
      `${waiter.describe()}: options must be an object of options, but got ${show(options)}`,
    );
  const { timeoutMs } = options;
  if (timeoutMs === undefined) return Infinity;
  if (typeof timeoutMs !== 'number') {
    throw new TypeError(
      `${waiter.describe()}: option \`timeoutMs\` must be a number, but got ${show(timeoutMs)}`,
    );
  }
  if (!(timeoutMs >= 0)) {
    throw new RangeError(
      `${waiter.describe()}: option \`timeoutMs\` must be a number of at least 0, but got ${timeoutMs}`,
    );
  }
  return timeoutMs === Infinity ? Infinity : performance.now() + timeoutMs;
}

/**
 * What every wait begins with, also one that need not wait: whether its options are any, and its signal has not aborted before.
 *
 * @throws TypeError, RangeError; the reason of the `signal`
 */
export function checkLimits(options: WaitOptions | undefined, waiter: Waiter): void {
  if (options === undefined) return;
  deadlineOf(options, waiter);
  // A limit by another name would be none, and the wait without end.
  for (const name of Object.keys(options))
    if (!limits.includes(name)) throw unknownOption(waiter.describe(), name, name, limits);
  const { signal } = options;
  if (signal === undefined) return;
  if (!isSignal.is(signal))
    throw new TypeError(
      `${waiter.describe()}: option \`signal\` must be ${isSignal.expects}, but got ${show(signal)}`,
    );
  if (signal.aborted) throw signal.reason;
}

/**
 * Runs the steps on this thread, which sleeps where they do. Its options were checked by {@link checkLimits}.
 *
 * @throws WouldBlockError on a main thread that has not said that it may be blocked, when the steps have to sleep
 */
export function block<T>(waiter: Waiter, steps: Steps<T>, options?: WaitOptions): T {
  const signal = options?.signal;
  const end = deadlineOf(options, waiter);
  let step = steps.next();
  let watched: ReturnType<typeof watch>;
  /** Why the wait has ended early. */
  let over: 'late' | 'aborted' | 'refused' | undefined;
  try {
    while (step.done !== true) {
      const { words, at, value, holder, brief } = step.value;
      if (brief !== true) {
        if (over !== undefined)
          throw new WaitTimeoutError(`${waiter.describe()}: a wait went on after its end`);
        const left = end - performance.now();
        if (left <= 0) over = 'late';
        else if (signal?.aborted === true) over = 'aborted';
        else if (!mayBlock()) over = 'refused';
        if (over !== undefined) {
          step = steps.next(false);
          continue;
        }
        if (watched === undefined) watched = watch(waiter);
        // A wait with an end is in no deadlock.
        watched?.(end === Infinity && signal === undefined ? holder : undefined);
        const often = goRounds() || signal !== undefined;
        words.wait(at, value, Math.min(left, often ? signalMs : sliceMs));
      } else words.wait(at, value, sliceMs);
      step = steps.next(true);
    }
  } catch (error) {
    steps.return(undefined as T);
    throw error;
  } finally {
    watched?.(0);
  }
  const outcome = step.value;
  if (over === 'aborted' && isRefusal(outcome)) throw signal?.reason;
  if (over === 'refused' && isRefusal(outcome)) {
    throw wouldBlock(waiter);
  }
  return outcome;
}

export function wouldBlock(waiter: Waiter): WouldBlockError {
  return new WouldBlockError(
    `${waiter.describe()} would stop the event loop of this main thread until it can go on; await the form that ends ` +
      'with Async, do it in a task, or say allowBlocking() first',
  );
}

/** Runs the steps without blocking the thread; its options were checked before. Between threads, the wait keeps no process alive, unless it has a time limit. */
export async function waitAsync<T>(waiter: Waiter, steps: Steps<T>, options?: WaitOptions): Promise<T> {
  const signal = options?.signal;
  const end = deadlineOf(options, waiter);
  let step = steps.next();
  if (step.done === true) return step.value;
  const limits = new Limits(end, signal);
  let over = false;
  try {
    while (step.done !== true) {
      const { words, at, value, brief } = step.value;
      if (brief !== true && over)
        throw new WaitTimeoutError(`${waiter.describe()}: a wait went on after its end`);
      if (brief !== true && (limits.reached || performance.now() >= end)) {
        over = true;
        step = steps.next(false);
        continue;
      }
      const left = brief === true ? sliceMs : Math.max(1, end - performance.now());
      const woken = words.waitAsync(at, value, Math.min(left, sliceMs));
      if (woken !== undefined) {
        const how = brief === true ? await woken : await limits.race(woken);
        if (how === 'limit') {
          // It still listens, and might swallow what is meant for another.
          void woken.then((mine) => {
            if (mine) words.notify(at, 1);
          });
          continue;
        }
      }
      step = steps.next(true);
    }
  } catch (error) {
    steps.return(undefined as T);
    throw error;
  } finally {
    limits.clear();
  }
  if (over && signal?.aborted === true && isRefusal(step.value)) throw signal.reason;
  return step.value;
}

function isRefusal(value: unknown): boolean {
  return value === false || value === undefined;
}

/** The time limit and the signal of an asynchronous wait. */
class Limits {
  reached = false;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  readonly #reach = (): void => {
    this.reached = true;
    this.#wake?.();
  };

  constructor(end: number, signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#reach, { once: true });
    const left = end - performance.now();
    if (left <= 0) this.reached = true;
    else if (left < 2 ** 31) this.#timer = setTimeout(this.#reach, left);
  }

  /** `'limit'` when a limit is reached before the promise is settled. */
  race(promise: Promise<unknown>): Promise<unknown> {
    if (this.#timer === undefined && this.#signal === undefined) return promise;
    return Promise.race([
      promise,
      new Promise((resolve) => {
        this.#wake = () => resolve('limit');
      }),
    ]);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#reach);
  }
}
