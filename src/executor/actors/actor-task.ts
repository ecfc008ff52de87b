/** What a method of an actor returns: a task, which can be read as a stream where that is what comes back. */
import { Task } from '../task.ts';
import { captureInRow } from '../caller-stack.ts';
import { ActorCall, type CallTarget, type Outcome } from './actor-call.ts';
import { RemoteStream } from './remote-stream.ts';
import { currentChain } from './instance-call.ts';
import { route } from './router.ts';

/** Calls an actor; `below` is the function whose callers are named in errors. */
export function callActor(
  target: CallTarget,
  args: readonly unknown[],
  below: (...args: never[]) => unknown,
): ActorTask<unknown> {
  const call = new TaskCall(target, args, captureInRow(below, below), currentChain());
  const task = new ActorTask<unknown>(call);
  call.start(route);
  return task;
}

class TaskCall extends ActorCall implements Outcome {
  protected override outcome(): Outcome {
    return this;
  }

  given(value: unknown): void {
    this.resolve(value);
  }

  failed(reason: unknown): void {
    this.resolve(Promise.reject(reason));
  }

  opened(id: number): void {
    this.resolve(new RemoteStream(this.target, id));
  }

  reports(): void {
    // The task shows it as its progress.
  }
}

/** A task of a call to an actor. */
export class ActorTask<R> extends Task<R> {
  async next(): Promise<IteratorResult<unknown, undefined>> {
    return (await streamOf(this)).next();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    // Nobody has read it: whether it is a stream at all is not yet known, and an error is the task's.
    const stream = await streamOf(this);
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

/** The streams of tasks that are read as one. Few are: a field would be there in all. */
const streams = new WeakMap<object, Promise<RemoteStream>>();

function streamOf<R>(task: ActorTask<R>): Promise<RemoteStream> {
  let stream = streams.get(task);
  if (stream === undefined) {
    stream = task.then((value) => {
      if (value instanceof RemoteStream) return value;
      throw new TypeError(
        `${task.name}() returned nothing that can be iterated bit by bit: await its result`,
      );
    });
    streams.set(task, stream);
  }
  return stream;
}
