/** What one writes by hand with `worker_threads`: a message per task, or a message per batch of tasks. */
import { Worker } from 'node:worker_threads';
import { urlOf, type Peer, type PeerPool } from './peer.ts';

type Call = [id: number, task: string, argument: unknown];

/** What a desk needs to know of a worker: how it answers, and how it fails or ends. */
interface Answering {
  on(event: 'message', take: (answers: [number, unknown][]) => void): unknown;
  on(event: 'error' | 'exit', fail: (reason: unknown) => void): unknown;
}

/** Workers and the promises of what they have been sent. */
export class Desk<W extends Answering> {
  readonly workers: readonly W[];
  readonly #end: (worker: W) => unknown;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #lastId = 0;

  constructor(workers: readonly W[], end: (worker: W) => unknown) {
    this.workers = workers;
    this.#end = end;
    for (const worker of workers) {
      worker.on('message', (answers) => {
        for (const [id, value] of answers) this.#take(id)?.resolve(value);
      });
      const fail = (reason: unknown): void => {
        const error = reason instanceof Error ? reason : new RangeError(`a worker ended: ${String(reason)}`);
        for (const id of this.#waiting.keys()) this.#take(id)?.reject(error);
      };
      worker.on('error', fail);
      worker.on('exit', fail);
    }
  }

  #take(id: number): { resolve(value: unknown): void; reject(error: unknown): void } | undefined {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    return found;
  }

  /** A promise for a new call, which `send` has to deliver. */
  open(send: (id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  /** Makes calls; those of one turn of the event loop go out together by `post`, at most 512 in a message. */
  batched(post: (worker: W, calls: readonly Call[]) => unknown): PeerPool['run'] {
    const count = this.workers.length;
    let calls: Call[] = [];
    let turn = 0;
    const flush = (): void => {
      const size = Math.min(512, Math.ceil(calls.length / count));
      for (let from = 0; from < calls.length; from += size) {
        post(this.workers[turn++ % count] as W, calls.slice(from, from + size));
      }
      calls = [];
    };
    return (task, argument) =>
      this.open((id) => {
        if (calls.length === 0) queueMicrotask(flush);
        calls.push([id, task, argument]);
      });
  }

  close(): Promise<unknown> {
    return Promise.all(this.workers.map((worker) => this.#end(worker)));
  }
}

function open(count: number, functions = './tasks.js'): Desk<Worker> {
  const workers = Array.from(
    { length: count },
    () => new Worker(urlOf('plain.worker.js'), { workerData: functions }),
  );
  return new Desk(workers, (worker) => worker.terminate());
}

/** A message there and one back per task, workers in turn; `functions` is the module that has the tasks. */
export function plainOf(functions?: string): Peer {
  return {
    name: 'worker_threads',
    settings: 'by hand, a message per task',
    load: async () => (count) => {
      const desk = open(count, functions);
      const post = (task: string, argument: unknown, moved: ArrayBuffer[]): Promise<unknown> =>
        desk.open((id) => {
          const worker = desk.workers[id % count] as Worker;
          worker.postMessage([[id, task, argument]] satisfies Call[], moved);
        });
      return {
        run: (task, argument) => post(task, argument, []),
        move: (task, argument) => post(task, argument, [argument.buffer]),
        close: () => desk.close(),
      };
    },
  };
}

export const plain = plainOf();

/** Calls of one turn of the event loop go out together, at most 512 in a message. */
export const plainBatched: Peer = {
  name: 'worker_threads',
  settings: 'by hand, batches of at most 512',
  load: async () => (count) => {
    const desk = open(count);
    return { run: desk.batched((worker, calls) => worker.postMessage(calls)), close: () => desk.close() };
  },
};
