/** The types of actors, as their callers see them. */
import type { Task } from '../task.ts';
import type { ActorState } from './actor-state.ts';

/** Names of an actor's methods. */
export type MethodName<T> = {
  [K in keyof T]-?: K extends string
    ? K extends 'then'
      ? never
      : T[K] extends (...args: never[]) => unknown
        ? K
        : never
    : never;
}[keyof T];

/** Names of an actor's fields and getters. */
export type FieldName<T> = Exclude<Extract<keyof T, string>, MethodName<T> | 'then'>;

/** What an actor's method gives its caller: values that come bit by bit, or a task. */
export type ActorResult<R> = [Awaited<R>] extends [never]
  ? Task<never>
  : 0 extends 1 & R
    ? Task<R>
    : Awaited<R> extends AsyncIterable<infer V>
      ? ActorStream<V>
      : Awaited<R> extends Iterator<infer V, unknown, never> & Iterable<unknown>
        ? ActorStream<V>
        : Task<Awaited<R>>;

/** A method as its caller sees it. */
export type ActorMethod<F> = F extends (...args: infer A) => infer R ? (...args: A) => ActorResult<R> : never;

/** The values of an iterator that runs in an actor, read as they are asked for. */
export interface ActorStream<V> extends AsyncIterableIterator<V, undefined, undefined> {
  /** Ends the iterator: its `finally` blocks run. `break` in a `for await` calls it. */
  return(): Promise<IteratorReturnResult<undefined>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of single calls. */
export interface ActorCallOptions {
  /** Cancels the call when it aborts; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Longest time that the method may run, from when it starts; then the call fails with `TaskTimeoutError`. */
  timeoutMs?: number;
  /** Time between the request to stop a call and the end of the actor's worker; default: the executor's. */
  graceMs?: number;
}

/** What every actor has besides its methods. */
export interface ActorControls<T> extends AsyncDisposable {
  /**
   * The value of a field or getter, when the calls before it have ended.
   *
   * @param name a field that is no method
   * @returns a task of a copy of its value
   */
  get<K extends FieldName<T>>(name: K): Task<Awaited<T[K]>>;
  /**
   * The same actor with options for calls.
   *
   * @param options those that are left out stay what they were
   * @throws {TypeError | RangeError} for a wrong option
   */
  with(options: ActorCallOptions): Actor<T>;
  /** Whether it lives, how often it was made again, how many calls have not ended. */
  state(): Task<ActorState>;
  /**
   * Lets the calls that were made end, runs the object's own `[Symbol.asyncDispose]()` or `[Symbol.dispose]()`, and lets it go.
   * Later calls reject with `ActorDiedError`. `await using` does this.
   *
   * @returns a task that rejects with what the object's own disposal throws
   */
  dispose(): Task<void>;
  /** Ends it now: calls under way reject with `ActorDiedError`, and nothing of the object's own runs any more. */
  kill(): Task<void>;
}

/**
 * A handle of an object of class `T` that lives on a worker: its methods, which return tasks, and {@link ActorControls}.
 *
 * A method of the same name takes the place of a control; `controls()` has them all.
 */
export type Actor<T> = { readonly [K in MethodName<T>]: ActorMethod<T[K]> } & Omit<
  ActorControls<T>,
  MethodName<T>
>;

/** A class that actors can be made of. */
export type ActorClass = abstract new (...args: never[]) => object;
