/** A backend for tests: chunks run in this thread, and the test says when each part of them ends. */
import type { Backend, BackendStats, Capabilities, Chunk, ChunkOutcome } from '#src/executor/backend.js';
import { Executor } from '#src/executor/executor.js';
import { executorOptions, type ExecutorOptions } from '#src/executor/options.js';
import { ExecutorClosedError } from '#src/base/errors.js';

type Fn = (...args: unknown[]) => unknown;

/** A chunk that the surface has sent and that has not ended. */
export class Held {
  readonly chunk: Chunk;
  readonly #backend: FakeBackend;
  ended = false;

  constructor(backend: FakeBackend, chunk: Chunk) {
    this.#backend = backend;
    this.chunk = chunk;
  }

  get size(): number {
    return this.chunk.to - this.chunk.from;
  }

  /** Input indices of its items. */
  get indices(): number[] {
    const { from, to, base } = this.chunk;
    return Array.from({ length: to - from }, (_, j) => base + from + j);
  }

  end(outcome: ChunkOutcome): void {
    if (this.ended) throw new RangeError('the chunk has ended already');
    this.ended = true;
    this.#backend.held.splice(this.#backend.held.indexOf(this), 1);
    this.chunk.sink.end(outcome);
  }

  /** Results of single items, in any order; the chunk goes on. */
  give(...ks: number[]): void {
    for (const k of ks) this.chunk.sink.results(k, [evaluate(this.chunk, k)]);
  }

  /** Runs every item, delivers all results at once and ends well. An item that throws fails the chunk. */
  finish(computeMs = 1): void {
    const { chunk } = this;
    if (['map', 'star', 'flat', 'call', 'each'].includes(chunk.op)) {
      const values: unknown[] = [];
      for (let k = chunk.from; k < chunk.to; k++) {
        try {
          values.push(evaluate(chunk, k));
        } catch (error) {
          if (chunk.op !== 'each' && values.length > 0) chunk.sink.results(chunk.from, values);
          if (!this.ended) this.end({ kind: 'failed', k, error, crash: false });
          return;
        }
      }
      if (chunk.op !== 'each') chunk.sink.results(chunk.from, values);
    } else {
      try {
        const value = evaluateWhole(chunk);
        if (chunk.op !== 'range') chunk.sink.results(chunk.from, [value]);
      } catch (error) {
        const k = error instanceof AtIteration ? error.iteration : chunk.from;
        const thrown = error instanceof AtIteration ? error.thrown : error;
        this.end({ kind: 'failed', k, error: thrown, crash: false });
        return;
      }
    }
    if (!this.ended) this.end({ kind: 'done', computeMs });
  }

  fail(k: number, error: unknown, crash = false): void {
    this.end({ kind: 'failed', k, error, crash });
  }
}

export class FakeBackend implements Backend {
  readonly name = 'fake';
  readonly capabilities: Capabilities;
  workers: number;
  /** Chunks under way, oldest first. */
  readonly held: Held[] = [];
  /** Every chunk that was ever sent. */
  readonly sent: Chunk[] = [];
  readonly cancelled: { readonly chunk: Chunk; readonly reason: unknown }[] = [];
  /** Ends chunks by itself: oldest or newest first, one per turn of the event loop. */
  auto: 'fifo' | 'lifo' | 'random' | undefined;
  /** ms per item that ended chunks report. */
  msPerItem = 0.01;
  mostHeld = 0;
  closed = false;
  #state: number;

  constructor(
    options: {
      workers?: number;
      auto?: FakeBackend['auto'];
      shared?: boolean;
      blocking?: boolean;
      seed?: number;
    } = {},
  ) {
    this.workers = options.workers ?? 2;
    this.auto = options.auto;
    this.#state = options.seed ?? 1;
    this.capabilities = {
      sharedMemory: options.shared ?? false,
      killable: false,
      isolated: false,
      blocking: options.blocking ?? false,
    };
  }

  run(chunk: Chunk): void {
    if (this.closed) throw new ExecutorClosedError('the fake backend is closed');
    if (this.held.some((each) => each.chunk === chunk))
      throw new RangeError('run() of a chunk that is under way');
    const held = new Held(this, chunk);
    this.held.push(held);
    this.sent.push(chunk);
    this.mostHeld = Math.max(this.mostHeld, this.held.length);
    if (this.auto) setImmediate(() => this.#turn());
  }

  #turn(): void {
    const count = this.held.length;
    if (count === 0) return;
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    const at = this.auto === 'fifo' ? 0 : this.auto === 'lifo' ? count - 1 : this.#state % count;
    const held = this.held[at] as Held;
    held.finish(this.msPerItem * held.size);
  }

  cancel(chunk: Chunk, reason: unknown): void {
    const held = this.held.find((each) => each.chunk === chunk);
    if (held === undefined) throw new RangeError('cancel() of a chunk that is not under way');
    this.cancelled.push({ chunk, reason });
    held.end({ kind: 'cancelled', reason });
  }

  async workerIds(): Promise<readonly number[]> {
    return Array.from({ length: this.workers }, (_, k) => k + 1);
  }

  wait(done: () => boolean): void {
    while (!done()) {
      const held = this.held[0];
      if (held === undefined) throw new RangeError('wait() would never end');
      held.finish();
    }
  }

  resize(workers: number): void {
    this.workers = workers;
  }

  stats(): BackendStats {
    const running = this.held.length;
    return {
      workers: this.workers,
      alive: this.workers,
      busy: Math.min(running, this.workers),
      spare: 0,
      queued: 0,
      running,
      completed: 0,
      failed: 0,
      crashed: 0,
      retired: 0,
    };
  }

  async close(): Promise<void> {
    if (this.held.length > 0) throw new RangeError('close() with chunks under way');
    this.closed = true;
  }

  async terminate(reason?: unknown): Promise<void> {
    this.closed = true;
    const error = reason ?? new ExecutorClosedError('terminated');
    for (const held of [...this.held]) if (!held.ended) held.fail(held.chunk.from, error);
  }
}

function evaluate(chunk: Chunk, k: number): unknown {
  const fn = chunk.fns[0] as unknown as Fn;
  const item = chunk.items[k];
  return chunk.op === 'call' || chunk.op === 'star' ? fn(...(item as unknown[])) : fn(item);
}

function evaluateWhole(chunk: Chunk): unknown {
  const [f, g] = chunk.fns as unknown as Fn[];
  const items = Array.from({ length: chunk.to - chunk.from }, (_, j) => chunk.items[chunk.from + j]);
  switch (chunk.op) {
    case 'fold':
      return items.reduce((acc, item) => f?.(acc, item));
    case 'group':
    case 'merge': {
      const map = new Map<unknown, unknown>();
      const fold = chunk.op === 'group' ? g : f;
      for (const item of items) {
        const pairs = (chunk.op === 'group' ? f?.(item) : item) as Iterable<[unknown, unknown]>;
        for (const [key, value] of pairs) map.set(key, map.has(key) ? fold?.(map.get(key), value) : value);
      }
      return map;
    }
    case 'range': {
      const range = chunk.range;
      if (range === undefined) throw new TypeError('a range chunk without a range');
      for (;;) {
        const at = Number(range.next[0]);
        if (at >= range.length) return undefined;
        const stop = Math.min(range.length, at + range.grain);
        range.next[0] = BigInt(stop);
        for (let i = at; i < stop; i++) {
          try {
            f?.(range.start + i * range.step);
          } catch (error) {
            throw new AtIteration(i, error);
          }
        }
      }
    }
    default:
      throw new TypeError(`unexpected ${chunk.op}`);
  }
}

/** What a loop's body threw, and in which iteration: that is what backends report. */
class AtIteration extends Error {
  readonly iteration: number;
  readonly thrown: unknown;
  constructor(iteration: number, thrown: unknown) {
    super('a loop failed');
    this.iteration = iteration;
    this.thrown = thrown;
  }
}

/** Lets promises and timers of 0 ms run. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** A pool over a fake backend. */
export function openFake(
  options: ConstructorParameters<typeof FakeBackend>[0] & { executor?: ExecutorOptions } = {},
): { pool: Executor; backend: FakeBackend } {
  const backend = new FakeBackend(options);
  return {
    backend,
    pool: new Executor(
      backend,
      executorOptions('fake', options.executor, () => backend.workers),
    ),
  };
}
