/**
 * The worker's lane for small calls: they come and end through rings in shared memory, without a message.
 *
 * Loaded when the worker is up: the first call of all travels by message, and a thread starts faster without this file.
 * The README beside it describes the handshakes.
 */
import { usableCores } from '../base/cores.ts';
import { isThenable } from '../base/thenable.ts';
import type { AnyFunction } from '../closure/function-type.ts';
import { ring, type Bell } from './bell.ts';
import { Rest, type Board } from './board.ts';
import { LaneScope } from './lane-scope.ts';
import { callRing, endRing } from './layout.ts';
import { nesting } from './nesting.ts';
import type { Outbox } from './outbox.ts';
import { Records } from './record.ts';
import { RingConsumer, RingProducer } from './ring.ts';
import { contextStore } from './runner.ts';
import { Spin } from './spin.ts';
import type { PartMessage, Transferable } from './wire.ts';
import { isPlain, WorkerRun } from './worker-run.ts';

/** What the lane needs from the loop that it is a part of. */
export interface LaneHost {
  readonly workerId: number;
  readonly board: Board;
  readonly outbox: Outbox;
  readonly bell: Bell;
  /** Workers of the pool. */
  readonly siblings: number;
  /** What `process.getActiveResourcesInfo()` says of the channel to the scheduler. */
  readonly channel: string;
  /** The function, when it is ready to be called. */
  readyFunction(id: number): AnyFunction | undefined;
  /** Takes in messages until `order` of them have come; false when one of them is not there. */
  takeMessages(order: number): boolean;
  /** The arguments of a call that came by message. */
  takeArgs(slot: number): readonly unknown[];
  /** Takes in the next message; false when there is none. */
  takeMessage(): boolean;
  /** Parts that came by message wait. */
  readonly partsWait: boolean;
  /** Something goes on in the thread besides parts: it must not be blocked. */
  readonly goesOn: boolean;
  /** Parts wait, or the worker is to end. */
  readonly busy: boolean;
  /** Runs a part in the general way. */
  runPart(part: PartMessage): void | Promise<void>;
  /** Says how much memory is in use, now and then. */
  reportMemory(): void;
  /** The run that a request to stop is for. */
  running: WorkerRun | undefined;
}

/** What a rest has led to: there is work, the event loop should turn once, or the worker waits for a message. */
export type RestOutcome = 'work' | 'turn' | 'away';

/** Results that follow each other faster than this share a ring of the bell. */
const ringMs = 0.25;
/**
 * Longest time that the thread is blocked; then its event loop turns, and it waits there. A much shorter one would cost
 * more than the wait: setting a timer that is soon due takes longer than a call.
 */
const blockMs = 10;
/** Longest spin. */
const spinMs = 0.05;
/** Calls further apart are not spun for. Much of the time between two may be what it takes to wake the worker. */
const rowMs = 0.2;

export class CallLane {
  readonly #host: LaneHost;
  readonly #board: Board;
  readonly #records: Records;
  readonly #calls: RingConsumer;
  readonly #ends: RingProducer;
  #scope: LaneScope;
  /** Functions without the word `async` that have returned a promise. */
  readonly #asyncOnes = new WeakSet<AnyFunction>();
  /** The function that was called last, and whether its calls go on asynchronously. */
  #latest: AnyFunction | undefined;
  #goesOn = false;
  #lastRing = 0;
  #lastFlush = 0;
  /** When the latest call ended. */
  at = 0;
  /** It has been blocked since. */
  #rested = true;
  /** There are cores enough for all workers and the scheduler. */
  readonly #roomy: boolean;
  /** The latest call was the only one under way, and its caller has a core besides. */
  #alone = false;
  /** The latest calls came soon after those before them. */
  #soon = false;
  readonly #spin = new Spin(spinMs);

  constructor(host: LaneHost) {
    this.#host = host;
    this.#board = host.board;
    this.#records = new Records(host.board);
    this.#calls = new RingConsumer(host.board.words, callRing);
    this.#ends = new RingProducer(host.board.words, endRing);
    this.#scope = this.#newScope();
    // Who spins must not take the core from those that it waits for: the other workers and the scheduler.
    this.#roomy = (nesting().cores ?? usableCores()) > host.siblings + 1;
  }

  /** Runs `drain` where most calls find their scope entered. */
  enter(drain: () => void): void {
    contextStore.run(this.#scope, drain);
  }

  /** A call is there. */
  get waiting(): boolean {
    return this.#calls.peek() >= 0;
  }

  /** Runs calls until none is left, it is `until`, or one goes on asynchronously. */
  run(until: number): void | Promise<void> {
    const scope = this.#scope;
    // To enter a scope costs as much as a small call.
    const outcome =
      contextStore.getStore() === scope ? this.#run(until) : contextStore.run(scope, this.#run, until);
    return typeof outcome === 'number' ? this.#host.runPart(this.#message(outcome)) : outcome;
  }

  /** The loop of {@link run}. Returns a slot whose call has to go the general way. */
  readonly #run = (until: number): void | number | Promise<void> => {
    const host = this.#host;
    const records = this.#records;
    const scope = this.#scope;
    let now = performance.now();
    this.#soon = now - this.at < rowMs;
    for (;;) {
      const slot = this.#calls.peek();
      if (slot < 0 || !host.takeMessages(records.order(slot))) break;
      // The messages before it have brought parts: their turn comes first.
      if (host.partsWait) break;
      this.#calls.shift();
      this.#alone = records.alone(slot);
      const fn = host.readyFunction(records.what(slot));
      if (fn === undefined) {
        this.#pause(now);
        return slot;
      }
      if (this.#board.begin(slot)) {
        const outcome = this.#call(slot, fn, now);
        if (typeof outcome !== 'number') return outcome;
        now = outcome;
      } else {
        if (records.elsewhere(slot)) host.takeArgs(slot);
        records.writeSkipped(slot);
        this.#publish(slot);
      }
      if (now - this.#lastRing >= ringMs) this.#ring(now);
      // What comes next has another scope, which is entered outside.
      if (now >= until || host.busy || this.#scope !== scope) break;
    }
    this.#pause(now);
  };

  /** What has been done is told. */
  #pause(now: number): void {
    this.at = now;
    this.#rested = false;
    this.#host.reportMemory();
    this.#host.outbox.flush();
    this.#ring(now);
  }

  /** Runs one call that has begun; returns when it ended, or a promise when it goes on asynchronously. */
  #call(slot: number, fn: AnyFunction, since: number): number | Promise<void> {
    if (fn !== this.#latest) {
      this.#latest = fn;
      this.#goesOn = this.#asyncOnes.has(fn) || isAsync(fn);
    }
    // What earlier calls have left behind lives in their scope, and must not find there a call that goes on beside it.
    const scope = this.#goesOn ? this.#newScope() : this.#scope;
    scope.slot = slot;
    if (this.#records.timed(slot)) this.#board.markStart(slot);
    let value: unknown;
    try {
      value = this.#goesOn ? contextStore.run(scope, this.#invoke, slot, fn) : this.#invoke(slot, fn);
      if (isThenable(value)) {
        if (scope === this.#scope) {
          // It stays with this call; the calls after it get another.
          this.#scope = this.#newScope();
          this.#asyncOnes.add(fn);
          this.#latest = undefined;
        }
        return this.#asynchronous(slot, scope, Promise.resolve(value), since);
      }
    } catch (error) {
      scope.leave();
      return this.#failed(slot, error, since);
    }
    scope.leave();
    if (scope.adopted !== undefined && scope === this.#scope) this.#scope = this.#newScope();
    return this.#ended(slot, value, since);
  }

  readonly #invoke = (slot: number, fn: AnyFunction): unknown => {
    const records = this.#records;
    const f = fn as unknown as (...args: unknown[]) => unknown;
    if (records.elsewhere(slot)) return f(...this.#host.takeArgs(slot));
    switch (records.argumentCount(slot)) {
      case 0:
        return f();
      case 1:
        return f(records.value(slot));
      case 2:
        // A list of arguments costs more than a small call.
        if (records.isPair(slot)) return f(records.number(slot, 0), records.number(slot, 1));
        return f(...records.args(slot));
      default:
        return f(...records.args(slot));
    }
  };

  async #asynchronous(
    slot: number,
    scope: LaneScope,
    pending: Promise<unknown>,
    since: number,
  ): Promise<void> {
    const host = this.#host;
    this.#pause(since);
    host.running = scope.run();
    let value: unknown;
    let failure: { readonly error: unknown } | undefined;
    try {
      value = await pending;
    } catch (error) {
      failure = { error };
    }
    host.running = undefined;
    scope.leave();
    await (failure === undefined
      ? this.#ended(slot, value, since)
      : this.#failed(slot, failure.error, since));
    this.#pause(performance.now());
  }

  /**
   * Ends a call well; returns when. What needs packing is packed while the call still runs: packing may run code of the user's,
   * and the call is to blame for what that does.
   */
  #ended(slot: number, value: unknown, since: number): number | Promise<void> {
    const now = performance.now();
    const computeMs = now - since;
    if (this.#records.writeValue(slot, value, computeMs)) {
      this.#board.finish(slot);
      this.#publish(slot);
      return now;
    }
    const { outbox } = this.#host;
    const transfer: Transferable[] = [];
    if (isPlain(value, transfer)) {
      this.#board.finish(slot);
      outbox.send(['value', slot, value, computeMs], transfer);
      return this.#flushSoon(now);
    }
    return this.#withCodec(slot, () => {
      const unsendable = outbox.sendPacked(slot, 0, ({ pack }, moved) => {
        return ['packed result', slot, 0, pack(value, { root: 'result', reply: true, transfer: moved })];
      });
      outbox.end(slot, computeMs, unsendable);
    });
  }

  #failed(slot: number, error: unknown, since: number): number | Promise<void> {
    const { outbox } = this.#host;
    const computeMs = performance.now() - since;
    return this.#withCodec(slot, () => outbox.end(slot, computeMs, { k: 0, error }));
  }

  /** Has a call say what needs the codec, then ends it. */
  #withCodec(slot: number, tell: () => void): number | Promise<void> {
    const { outbox } = this.#host;
    if (!outbox.loaded) return this.#load(slot, tell);
    tell();
    this.#board.finish(slot);
    return this.#flushSoon(performance.now());
  }

  async #load(slot: number, tell: () => void): Promise<void> {
    const { outbox } = this.#host;
    // The call has ended in time: loading has the limit to itself.
    if (this.#records.timed(slot)) this.#board.markStart(slot);
    this.#pause(performance.now());
    await outbox.load();
    tell();
    this.#board.finish(slot);
    this.#pause(performance.now());
  }

  #flushSoon(now: number): number {
    if (now - this.#lastFlush >= ringMs) {
      this.#lastFlush = now;
      this.#host.outbox.flush();
    }
    return now;
  }

  #publish(slot: number): void {
    this.#records.setOrder(slot, this.#host.outbox.posted);
    this.#ends.push(slot);
    this.#ends.publish();
  }

  #ring(now: number): void {
    if (ring(this.#host.bell)) this.#lastRing = now;
  }

  #newScope(): LaneScope {
    const { outbox, board, workerId } = this.#host;
    return new LaneScope((slot) => new WorkerRun(this.#header(slot), outbox, board, workerId));
  }

  #header(slot: number): { slot: number; taskId: number; seed: number; base: number; timed: boolean } {
    const records = this.#records;
    return {
      slot,
      taskId: records.taskId(slot),
      seed: records.seed(slot),
      base: 0,
      timed: records.timed(slot),
    };
  }

  /** The call as a part: what came in the record, in the form of a message. */
  #message(slot: number): PartMessage {
    const fns = [this.#records.what(slot)];
    const items = [this.#records.elsewhere(slot) ? this.#host.takeArgs(slot) : this.#records.args(slot)];
    return {
      ...this.#header(slot),
      op: 'call',
      fns,
      items,
      from: 0,
      to: 1,
      name: '',
      coding: 'plain',
      range: undefined,
    };
  }

  /** The worker has nothing to do. */
  rest(): RestOutcome {
    const board = this.#board;
    const host = this.#host;
    const soon = this.#soon;
    this.#soon = false;
    if (soon && (this.#roomy || this.#alone) && this.#spin.until(this.#look)) return 'work';
    const hot = !this.#rested && !host.goesOn && isAlone(host.channel);
    board.rest(hot ? Rest.blocked : Rest.away);
    if (this.waiting || host.takeMessage()) {
      board.rest(Rest.awake);
      return 'work';
    }
    if (!hot) return 'away';
    this.#rested = true;
    board.sleep(blockMs);
    board.rest(Rest.awake);
    return this.waiting || host.takeMessage() ? 'work' : 'turn';
  }

  readonly #look = (): boolean => this.waiting || this.#host.takeMessage();
}

function isAsync(fn: AnyFunction): boolean {
  return (fn as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'AsyncFunction';
}

/**
 * Whether nothing but the channel to the scheduler keeps this thread's event loop going: a blocked thread would starve the
 * user's timers, sockets and promises. What cannot be seen here (an unreferenced timer, a WebAssembly compilation)
 * waits {@link blockMs} at most.
 */
function isAlone(channel: string): boolean {
  const resources = process.getActiveResourcesInfo();
  return resources.length === 1 && resources[0] === channel;
}
