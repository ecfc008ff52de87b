/** What a method of an actor returns: a task, which can be read as a stream where that is what comes back. */
import { Task } from '../task.ts';
import { captureInRow, type Caller } from '../caller-stack.ts';
import { ActorCall, currentChain, type ActorCallSettings, type Outcome } from './actor-call.ts';
import { RemoteStream } from './remote-stream.ts';
import { route } from './router.ts';
import type { ActorRef } from './space.ts';

/** Calls an actor; `below` is the function whose callers are named in errors. */
export function callActor(
  ref: ActorRef,
  method: number,
  label: string,
  args: readonly unknown[],
  settings: ActorCallSettings,
  below: (...args: never[]) => unknown,
): ActorTask<unknown> {
  const caller: Caller = captureInRow(below, below);
  const outcome = new TaskOutcome();
  const call = new ActorCall({ ref, method, label, args, settings, caller, chain: currentChain() }, outcome);
  outcome.call = call;
  const task = new ActorTask<unknown>(call);
  call.start(route);
  return task;
}

class TaskOutcome implements Outcome {
  declare call: ActorCall;

  value(value: unknown): void {
    this.call.resolve(value);
  }

  error(error: unknown): void {
    this.call.resolve(Promise.reject(error));
  }

  stream(id: number): void {
    const { ref, label, settings } = this.call;
    this.call.resolve(new RemoteStream(ref, label, id, settings));
  }

  report(): void {
    // The task shows it as its progress.
  }
}

/** A task of a call to an actor. */
export class ActorTask<R> extends Task<R> {
  #stream: Promise<RemoteStream> | undefined;

  #read(): Promise<RemoteStream> {
    this.#stream ??= this.then((value) => {
      if (value instanceof RemoteStream) return value;
      throw new TypeError(
        `${this.name}() returned nothing that can be iterated bit by bit: await its result`,
      );
    });
    return this.#stream;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    return (await this.#read()).next();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    // Nobody has read it: whether it is a stream at all is not yet known, and an error is the task's.
    const stream = await this.#read();
    return stream.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

// As for `Task`: what is made of it is a plain promise.
Reflect.defineProperty(ActorTask.prototype, 'constructor', {
  value: Promise,
  writable: true,
  configurable: true,
});
