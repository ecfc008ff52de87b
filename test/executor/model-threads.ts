/**
 * The scheduler and its workers as threads of a model: the real classes, from a copy of the compiled library, which tests
 * may break on purpose.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Chunk } from '#src/executor/backend.js';
import type { Board } from '#src/executor/board.js';
import { totalWords } from '#src/executor/layout.js';
import type { WorkerPool } from '#src/executor/worker-pool.js';
import type { FromWorker, ToWorker } from '#src/executor/wire.js';
import type { StartWorker, WorkerEvents } from '#src/executor/worker-link.js';
import { fromRoot } from '../root.ts';
import { onAsyncWait, placeAt, words, type Ask, type Happening, type Thread } from './interleavings.ts';

/** Replaces a text of a compiled file of the executor; it must be there. */
export type Patch = readonly [file: string, from: string, to: string];

/**
 * The worker's loop without promises: a turn of the event loop becomes a call. What the loop does, and in which
 * order, stays as it is.
 */
const synchronous: readonly Patch[] = [
  ['worker-loop', 'async openLane()', 'openLane()'],
  ['worker-loop', "await import('./call-lane.js')", 'globalThis.laneOfTheModel'],
  ['worker-loop', 'async #drain()', '#drain()'],
  ['worker-loop', 'await nextTurn()', 'globalThis.turnOfTheModel()'],
  ['worker-loop', 'await microtasks()', 'globalThis.waitOfTheModel()'],
  ['worker-loop', 'await outcome', 'globalThis.waitOfTheModel()'],
  ['worker-loop', 'await this.outbox.load()', 'globalThis.waitOfTheModel()'],
  // A spin is one look, at any moment.
  ['spin', 'i < 32', 'i < 1'],
  ['spin', 'performance.now() - since < this.#ms', 'false'],
];

/** The classes of one copy. */
export interface Library {
  readonly pool: typeof import('#src/executor/worker-pool.js');
  readonly loop: typeof import('#src/executor/worker-loop.js');
  readonly lane: typeof import('#src/executor/call-lane.js');
  readonly board: typeof import('#src/executor/board.js');
  readonly bell: typeof import('#src/executor/bell.js');
  readonly ring: typeof import('#src/executor/ring.js');
  readonly record: typeof import('#src/executor/record.js');
  readonly layout: typeof import('#src/executor/layout.js');
}

const copies = fromRoot('.build', 'models', String(process.pid));

/** A copy of the library with patches, in a folder that `npm run build` does not look at. */
export async function copyOfLibrary(name: string, patches: readonly Patch[] = []): Promise<Library> {
  const folder = `${copies}/${name}`;
  cpSync(fromRoot('.build', 'modules'), folder, { recursive: true });
  try {
    for (const [file, from, to] of [...synchronous, ...patches]) {
      const path = `${folder}/executor/${file}.js`;
      const text = readFileSync(path, 'utf8');
      if (!text.includes(from))
        throw new RangeError(`${file}.js has changed: the model looks for \`${from}\``);
      writeFileSync(path, text.replaceAll(from, to));
    }
    const load = async (file: string): Promise<unknown> =>
      await import(pathToFileURL(`${folder}/executor/${file}.js`).href);
    return {
      pool: await load('worker-pool'),
      loop: await load('worker-loop'),
      lane: await load('call-lane'),
      board: await load('board'),
      bell: await load('bell'),
      ring: await load('ring'),
      record: await load('record'),
      layout: await load('layout'),
    } as Library;
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** Removes all copies; what they load later is missing then. */
export function removeCopies(): void {
  rmSync(copies, { recursive: true, force: true });
}

const spare = new SharedArrayBuffer(totalWords * 4);
/** Where the memory of worker `id` begins, and the bell. */
const firstBoard = 1_000_000;
export const bellAt = 100;
/** Cells are apart from words: a model uses each byte as one of them. */
const firstCell = 500_000;
export const gateAt = 200;

/** The board of worker `id` as one thread sees it. */
export function boardOf({ board }: Library, ask: Ask, id: number): Board {
  const view = new board.Board(spare);
  const base = id * firstBoard;
  return Object.assign(view, { words: words(ask, base), cells: words(ask, base + firstCell) });
}

/** `current` and `startedAt` are hints: they are read while they are written. */
export function hints({ layout: { recordOf, recordWords, word, cell } }: Library): (at: number) => boolean {
  const first = recordOf(0);
  return (at) => {
    const inBoard = at % firstBoard;
    if (inBoard < firstCell) return (inBoard - first) % recordWords === word.current;
    return (inBoard - firstCell - first / 2) % (recordWords / 2) === cell.startedAt;
  };
}

/** The call of 0 never ends. */
export const endless = 0;

let running: { ask: Ask; note: (line: string) => void } | undefined;

/** What all calls run. */
function work(x: number): number {
  running?.note(`ran ${x}`);
  if (x === endless) running?.ask({ op: 'wait', at: gateAt, expected: 0 });
  return x * 2;
}

/** A worker from the moment when it is up. */
export function worker(library: Library, id: number): Thread {
  return {
    name: `worker ${id}`,
    main(ask, note, pretend) {
      running = { ask, note };
      const to = `to ${id}`;
      let over = false;
      ask({ op: 'event', from: [to], own: [] });
      pretend(performance, 'now', () => ask({ op: 'now' }));
      pretend(process, 'getActiveResourcesInfo', () => ['MessagePort']);
      const board = boardOf(library, ask, id);
      const bell = words(ask, bellAt);
      const loop = new library.loop.WorkerLoop({
        workerId: id,
        board,
        bell,
        siblings: 1000,
        channel: 'MessagePort',
        post: (entries) => void ask({ op: 'send', to: `from ${id}`, message: entries }),
        posted: () => void library.bell.ringIfBlocked(bell),
        receive: () => ask({ op: 'receive', from: to }) as readonly ToWorker[] | undefined,
        exit() {
          over = true;
        },
      });
      pretend(globalThis, 'laneOfTheModel', library.lane);
      pretend(globalThis, 'waitOfTheModel', () => undefined);
      pretend(globalThis, 'turnOfTheModel', () => {
        const message = ask({ op: 'turn', from: to }) as readonly ToWorker[] | undefined;
        if (message !== undefined) loop.accept(message);
      });
      // The model has no errors to pack, but for the one that stops a run in a call.
      Object.assign(loop.outbox, { load: () => new Promise(() => undefined) });
      loop.outbox.send(['ready']);
      loop.outbox.flush();
      void loop.openLane();
      while (!over) {
        const { message } = ask({ op: 'event', from: [to], own: [] }) as { message: readonly ToWorker[] };
        loop.accept(message);
      }
      board.announceExit(0);
      library.bell.ring(bell);
      note('gone');
      ask({ op: 'send', to: `from ${id}`, message: 'exit' });
    },
  };
}

/** What the program does, one action after the other, whenever it comes to it. */
export type Action = (program: Program) => void;

export interface Program {
  readonly pool: WorkerPool;
  submit(x: number): void;
  submitSync(x: number): void;
  cancel(x: number): void;
  close(): void;
}

export function scheduler(library: Library, workers: number, actions: readonly Action[]): Thread {
  return {
    name: 'scheduler',
    main(ask, note, pretend) {
      const loop = new EventLoop(ask, pretend);
      const links: WorkerEvents[] = [];
      const start: StartWorker = ({ id, bell }, events) => {
        placeAt(bell, bellAt);
        links[id] = events;
        ask({ op: 'send', to: `to ${id}`, message: 'start' });
        return {
          threads: true,
          board: boardOf(library, ask, id),
          post: (entries) => void ask({ op: 'send', to: `to ${id}`, message: entries.map(withWork) }),
          poll: () => ask({ op: 'receive', from: `from ${id}` }) as readonly FromWorker[] | undefined,
          ended: () => undefined,
          kill: () => note(`killed ${id}`),
          hold: () => undefined,
        };
      };
      const pool = new library.pool.WorkerPool({ name: 'pool', workers, start });
      const program = programOf(pool, note);
      const from = Array.from({ length: workers }, (_, k) => `from ${k + 1}`);
      let next = 0;
      for (;;) {
        loop.runMicrotasks();
        const own = loop.due();
        if (next < actions.length) own.push('action');
        const happening = ask({ op: 'event', from, own }) as Happening;
        if (happening.kind === 'notified') loop.notified();
        else if (happening.kind === 'own') {
          if (happening.name === 'action') actions[next++]?.(program);
          else loop.run(happening.name);
        } else {
          const events = links[Number(happening.from.slice(5))] as WorkerEvents;
          if (happening.message === 'exit') events.exit({ code: 0 });
          else events.message(happening.message as readonly FromWorker[]);
        }
      }
    },
  };
}

function withWork(entry: ToWorker): ToWorker {
  return entry[0] === 'function' ? (['function', entry[1], work] as unknown as ToWorker) : entry;
}

/** Two functions, which reach a worker by message at their first call. */
const one = (x: number): number => x;
const other = (x: number): number => x * 1;

function programOf(pool: WorkerPool, note: (line: string) => void): Program {
  const ended = new Set<number>();
  const chunks = new Map<number, Chunk>();
  const submit = (x: number): void => {
    const chunk: Chunk = {
      op: 'call',
      fns: [x === 3 ? other : one],
      items: [[x]],
      from: 0,
      to: 1,
      base: 0,
      taskId: x,
      name: 'work',
      priority: 0,
      seed: 1,
      timeoutMs: undefined,
      graceMs: 1000,
      handle: undefined,
      sink: {
        started: () => undefined,
        results: (_k, values) => note(`result ${x} ${String(values[0])}`),
        report: () => undefined,
        end(outcome) {
          note(`end ${x} ${outcome.kind}`);
          ended.add(x);
        },
      },
    };
    chunks.set(x, chunk);
    note(`submit ${x}`);
    pool.run(chunk);
  };
  return {
    pool,
    submit,
    submitSync(x) {
      submit(x);
      pool.wait(() => ended.has(x));
    },
    cancel(x) {
      pool.cancel(chunks.get(x) as Chunk, 'cancelled');
    },
    close() {
      note('close');
      pool.close().catch(() => undefined);
    },
  };
}

interface Timer {
  armed: boolean;
  since: number;
  unref(): void;
  refresh(): void;
}

/** Microtasks, immediates and the timers that a lost ring may hide behind. */
class EventLoop {
  readonly #microtasks: (() => void)[] = [];
  readonly #immediates: (() => void)[] = [];
  readonly #sweeps: { timer: Timer; run: () => void }[] = [];
  readonly #heard: (() => void)[] = [];
  readonly #ask: Ask;

  constructor(ask: Ask, pretend: (object: object, key: string, value: unknown) => void) {
    this.#ask = ask;
    onAsyncWait(ask, (then) => this.#heard.push(then));
    pretend(performance, 'now', () => 0);
    pretend(globalThis, 'queueMicrotask', (run: () => void) => this.#microtasks.push(run));
    pretend(globalThis, 'setImmediate', (run: () => void) => this.#immediates.push(run));
    pretend(globalThis, 'clearTimeout', () => undefined);
    pretend(globalThis, 'setTimeout', (run: () => void, ms: number) => {
      const timer: Timer = {
        armed: ms === 2,
        since: ms === 2 ? (ask({ op: 'now' }) as number) : 0,
        unref: () => undefined,
        refresh: () => {
          timer.armed = true;
          timer.since = ask({ op: 'now' }) as number;
        },
      };
      // The sweep alone is part of the handshakes; other deadlines must not be what brings a result.
      if (ms === 2) this.#sweeps.push({ timer, run });
      return timer;
    });
  }

  due(): string[] {
    const names = this.#immediates.length > 0 ? ['immediate'] : [];
    if (this.#sweeps.some(({ timer }) => timer.armed)) names.push('timer');
    return names;
  }

  run(name: string): void {
    if (name === 'immediate') return this.#immediates.shift()?.();
    const sweep = this.#sweeps.find(({ timer }) => timer.armed);
    if (sweep === undefined) return;
    sweep.timer.armed = false;
    this.#ask({ op: 'due', since: sweep.timer.since, ms: 2 });
    sweep.run();
  }

  notified(): void {
    this.#heard.shift()?.();
  }

  runMicrotasks(): void {
    for (let run = this.#microtasks.shift(); run !== undefined; run = this.#microtasks.shift()) run();
  }
}
