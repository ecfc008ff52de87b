/** From a call to what the caller holds: a task, or the result itself in the blocking forms. */
import { UnsupportedError } from '../base/errors.ts';
import type { Call } from './call.ts';
import type { ExecutorCore } from './executor-core.ts';
import type { StreamCall } from './stream.ts';
import { Task, type TaskSource } from './task.ts';

/** Starts a call; the task is its promise. */
export function startTask<R>(call: Call<R>): Task<R> {
  const task = new Task<R>(call);
  call.start();
  return task;
}

/** A task for what `make` makes; it rejects when `make` throws (wrong arguments), so that callers have one way to fail. */
export function attempt<R>(make: () => Task<R>): Task<R> {
  try {
    return make();
  } catch (error) {
    return settledTask<R>((source) => source.resolve(Promise.reject(error)), 'failed');
  }
}

/** A task that needs no worker. */
export function settledTask<R>(settle: (source: TaskSource<R>) => void, status: 'done' | 'failed'): Task<R> {
  const source = {
    id: 0,
    name: '',
    status,
    progress: undefined,
    cancel: () => false,
    resolve: noTask,
  };
  const task = new Task<R>(source);
  settle(source);
  return task;
}

/** Runs a call to its end while this thread waits. */
export function waitFor<R>(core: ExecutorCore, call: Call<R>): R {
  const { backend } = core;
  if (!backend.capabilities.blocking) {
    throw new UnsupportedError(
      `${backend.name} executors cannot block the calling thread: await submit() or map() instead`,
    );
  }
  let outcome: { readonly value: R } | { readonly error: unknown } | undefined;
  call.blocking = true;
  call.resolve = (value) => (outcome = { value: value as R });
  call.reject = (error) => (outcome = { error });
  call.start();
  try {
    const done = (): boolean => {
      core.turn();
      return outcome !== undefined;
    };
    if (outcome === undefined) backend.wait(done);
  } catch (error) {
    call.cancel(error);
    throw error;
  }
  const ended = outcome as { readonly value: R } | { readonly error: unknown } | undefined;
  if (ended === undefined) {
    throw new UnsupportedError(`the backend ${backend.name} stopped waiting before ${call.name} had ended`);
  }
  if ('error' in ended) throw ended.error;
  return ended.value;
}

/** Reads a stream to its end; `each` sees every result. */
export function drainStream<T, S, R>(
  call: StreamCall<T, S>,
  each: (value: S) => void,
  result: () => R,
): Task<R> {
  const source: TaskSource<R> = {
    id: call.id,
    name: call.name,
    get status() {
      return call.status;
    },
    get progress() {
      return call.progress;
    },
    cancel: (reason) => call.cancel(reason),
    resolve: noTask,
  };
  const task = new Task<R>(source);
  const read = async () => {
    for (;;) {
      const next = await call.next();
      if (next.done) return result();
      each(next.value);
    }
  };
  source.resolve(read());
  return task;
}

function noTask(): void {
  // Replaced by the task's constructor.
}
