/**
 * The worker's side: takes parts from the scheduler, runs them one after the other, sends results back in batches.
 *
 * Knows nothing of threads or processes: the entry file of a backend gives it a way to post, a way to look for
 * waiting messages without returning to the event loop, and the board.
 */
// Not the folder's index: a worker starts with the rebuilding half alone, the rest comes when it is needed.
import type { AnyFunction } from '../closure/function-type.ts';
import { rebuild as unpack } from '../closure/rebuild.ts';
import type { Packed } from '../closure/wire.ts';
import type { Bell } from './bell.ts';
import { Rest, type Board } from './board.ts';
import type { CallLane, LaneHost } from './call-lane.ts';
import { noticed, openParentChannel, type WorkerChannel } from './notices.ts';
import { Outbox } from './outbox.ts';
import { runPart, type PartEnd } from './runner.ts';
import { partOf, type FromWorker, type PartMessage, type Post, type ToWorker } from './wire.ts';
import { WorkerRun } from './worker-run.ts';

export interface WorkerLoopOptions {
  readonly workerId: number;
  readonly board: Board;
  readonly bell: Bell;
  /** Workers of the pool. */
  readonly siblings: number;
  readonly post: Post<FromWorker>;
  /** Called when a message is on its way and the board says so: whoever waits for it may be woken. */
  readonly posted: () => void;
  /** The next waiting message, without returning to the event loop. */
  readonly receive: () => readonly ToWorker[] | undefined;
  /** Called when the scheduler asks the worker to end. */
  readonly exit: () => void;
  /** Report memory in use with results (the scheduler recycles workers that grow). */
  readonly memory?: (() => number) | undefined;
  /** What `process.getActiveResourcesInfo()` says of the channel to the scheduler. */
  readonly channel: string;
}

/** Longest stretch without a turn of the event loop: the user's timers and promises must go on. */
const yieldMs = 10;
const memoryMs = 100;

export class WorkerLoop implements LaneHost {
  readonly workerId: number;
  readonly board: Board;
  readonly bell: Bell;
  readonly siblings: number;
  readonly channel: string;
  readonly outbox: Outbox;
  /** The run that a request to stop is for. */
  running: WorkerRun | undefined;
  readonly #options: WorkerLoopOptions;
  readonly #queue: PartMessage[] = [];
  readonly #functions = new Map<number, Packed | AnyFunction | Promise<AnyFunction>>();
  /** Arguments of calls in the ring, by slot. */
  readonly #args = new Map<number, readonly unknown[]>();
  #lane: CallLane | undefined;
  readonly #channel: WorkerChannel;
  /** What goes on in this thread besides parts: it must not be blocked. */
  #unseen = 0;
  /** Messages that have come. */
  #taken = 0;
  #lastMemory = 0;
  #draining = false;
  #waking = false;
  #exiting = false;

  constructor(options: WorkerLoopOptions) {
    this.#options = options;
    this.workerId = options.workerId;
    this.board = options.board;
    this.bell = options.bell;
    this.siblings = options.siblings;
    this.channel = options.channel;
    const { board } = options;
    this.outbox = new Outbox(
      options.post,
      (count) => {
        board.noteTold(count);
        options.posted();
      },
      (slot, k, act) => board.blame(slot, k, act),
    );
    this.#channel = this.#openChannel();
    openParentChannel(this.#channel);
  }

  #openChannel(): WorkerChannel {
    return {
      workerId: this.workerId,
      notify: (data, transfer, failed) => {
        try {
          this.outbox.notice(data, transfer);
        } catch (error) {
          failed(error);
        }
      },
      poll: () => {
        while (this.#receive());
        this.#wakeLater();
      },
      retain: () => void this.#unseen++,
      release: () => void this.#unseen--,
    };
  }

  /** Handles one message; starts running what it brought. */
  accept(entries: readonly ToWorker[]): void {
    this.#take(entries);
    this.#wake();
  }

  /** From now on small calls may come through shared memory. */
  async openLane(): Promise<void> {
    const { CallLane: Lane } = await import('./call-lane.ts');
    this.#lane = new Lane(this);
    this.#wake();
  }

  readyFunction(id: number): AnyFunction | undefined {
    const known = this.#functions.get(id);
    return typeof known === 'function' ? known : undefined;
  }

  get partsWait(): boolean {
    return this.#queue.length > 0;
  }

  get goesOn(): boolean {
    return this.#unseen > 0;
  }

  get busy(): boolean {
    return this.#queue.length > 0 || this.#exiting;
  }

  takeMessages(order: number): boolean {
    while (((order - this.#taken) | 0) > 0) if (!this.#receive()) return false;
    return true;
  }

  takeArgs(slot: number): readonly unknown[] {
    const args = this.#args.get(slot) as readonly unknown[];
    this.#args.delete(slot);
    return args;
  }

  takeMessage(): boolean {
    return this.#receive();
  }

  runPart(part: PartMessage): void | Promise<void> {
    return this.#runPart(part);
  }

  #wake(): void {
    if (this.#draining) return;
    this.board.rest(Rest.awake);
    if (this.#lane === undefined) void this.#drain();
    else this.#lane.enter(() => void this.#drain());
  }

  /** A message that was taken in outside the loop does not wake it by itself any more. */
  #wakeLater(): void {
    if (this.#draining || this.#waking || !(this.#hasWork() || this.#exiting)) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      this.#wake();
    });
  }

  #receive(): boolean {
    if (this.board.posted() === this.#taken) return false;
    const entries = this.#options.receive();
    if (entries !== undefined) this.#take(entries);
    return entries !== undefined;
  }

  #take(entries: readonly ToWorker[]): void {
    this.#taken = (this.#taken + 1) | 0;
    for (const entry of entries) {
      switch (entry[0]) {
        case 'run':
          this.#queue.push(partOf(entry));
          break;
        case 'args':
          this.#args.set(entry[1], entry[2]);
          break;
        case 'function':
          this.#functions.set(entry[1], entry[2]);
          break;
        case 'forget':
          for (const id of entry[1]) this.#functions.delete(id);
          break;
        case 'stop':
          if (this.running?.slot === entry[1]) void this.running.stop(entry[2]);
          break;
        case 'notice':
          noticed(this.#channel, entry[1]);
          break;
        case 'exit':
          this.#exiting = true;
          break;
      }
    }
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    let turn = performance.now();
    for (;;) {
      const part = this.#queue.shift();
      let outcome: void | Promise<void>;
      if (part !== undefined) outcome = this.#runPart(part);
      else if (this.#lane?.waiting === true) outcome = this.#lane.run(turn + yieldMs);
      else {
        this.outbox.flush();
        if (this.#exiting) break;
        if (this.#receive()) continue;
        if (this.#unseen > 0) {
          // Much of it does not wait for anything but for its turn.
          await microtasks();
          if (this.#hasWork()) continue;
        }
        const rest = this.#lane?.rest() ?? 'away';
        if (rest === 'work') continue;
        if (rest === 'away') break;
        await nextTurn();
        turn = performance.now();
        continue;
      }
      if (outcome !== undefined) await outcome;
      // What is done must not wait for the next part, which may take long.
      if (this.outbox.waits) await this.outbox.load();
      const now = part === undefined && outcome === undefined ? (this.#lane?.at ?? 0) : performance.now();
      if (now - turn >= yieldMs) {
        this.outbox.flush();
        await nextTurn();
        turn = performance.now();
      }
    }
    this.#draining = false;
    if (this.#exiting) this.#options.exit();
  }

  #hasWork(): boolean {
    return this.#queue.length > 0 || this.#lane?.waiting === true;
  }

  /** Runs one part; returns a promise only when something in it is asynchronous. */
  #runPart(part: PartMessage): void | Promise<void> {
    const { board } = this;
    if (!board.begin(part.slot)) {
      this.outbox.send(['skipped', part.slot]);
      return;
    }
    const since = performance.now();
    // Its limit holds for what comes before the first item, too: modules that it imports, arguments that are rebuilt.
    if (part.timed) board.markStart(part.slot);
    const { outbox } = this;
    const run = (this.running = new WorkerRun(part, outbox, board, this.workerId));
    // What needs packing is packed while the part still runs: packing may run code of the user's, and the part is to blame
    // for what that does.
    const conclude = (end: PartEnd): void => {
      outbox.end(part.slot, performance.now() - since, end.kind === 'done' ? undefined : end);
      outbox.packWaiting();
      board.finish(part.slot);
      this.reportMemory();
      outbox.flush();
    };
    const finish = (end: PartEnd): void | Promise<void> => {
      this.running = undefined;
      run.over = true;
      if (outbox.loaded || !(outbox.waits || end.kind === 'failed')) return conclude(end);
      // It has ended in time: loading has the limit to itself.
      if (part.timed) board.markStart(part.slot);
      return outbox.load().then(() => conclude(end));
    };
    const fail = (error: unknown): void | Promise<void> => finish({ kind: 'failed', k: part.from, error });
    let ready: readonly AnyFunction[] | Promise<readonly AnyFunction[]>;
    let items: unknown;
    try {
      ready = this.#load(part.fns);
      items = part.coding === 'packed' ? unpack(part.items as Packed) : part.items;
    } catch (error) {
      return fail(error);
    }
    const start = (fns: readonly AnyFunction[], values: ArrayLike<unknown>): void | Promise<void> => {
      // The argument list of a `call` is packed by itself.
      const list = part.coding === 'packed' && part.op === 'call' ? [values] : values;
      const outcome = runPart({ ...part, fns, items: list }, run);
      return outcome instanceof Promise ? outcome.then(finish) : finish(outcome);
    };
    if (ready instanceof Promise || items instanceof Promise) {
      return Promise.all([ready, items]).then(
        ([fns, values]) => start(fns, values as ArrayLike<unknown>),
        (error: unknown) => fail(error),
      );
    }
    return start(ready, items as ArrayLike<unknown>);
  }

  /** The rebuilt functions; each is rebuilt once, at its first use. */
  #load(ids: readonly number[]): readonly AnyFunction[] | Promise<readonly AnyFunction[]> {
    const loaded = ids.map((id) => {
      const known = this.#functions.get(id);
      if (typeof known === 'function' || known instanceof Promise) return known;
      const built = unpack(known as Packed) as AnyFunction | Promise<AnyFunction>;
      this.#functions.set(id, built);
      if (built instanceof Promise) {
        built.then(
          (fn) => this.#functions.set(id, fn),
          () => this.#functions.set(id, known as Packed),
        );
      }
      return built;
    });
    return loaded.some((fn) => fn instanceof Promise) ? Promise.all(loaded) : (loaded as AnyFunction[]);
  }

  /** Says how much memory is in use, now and then. */
  reportMemory(): void {
    const { memory } = this.#options;
    if (memory === undefined) return;
    const now = performance.now();
    if (now - this.#lastMemory < memoryMs) return;
    this.#lastMemory = now;
    this.outbox.send(['memory', memory()]);
  }
}

/** Promises that are settled go on. */
async function microtasks(): Promise<void> {
  await undefined;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
