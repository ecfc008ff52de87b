/** One worker of a pool, from the scheduler's side: what it holds, what it knows, what is about to be sent to it. */
import { onlyComputes, packError, packMapped, scanPlain, type Captured } from '../closure/index.ts';
import { argumentList, type Arguments } from './arguments.ts';
import type { Chunk } from './backend.ts';
import type { Board } from './board.ts';
import { HeldParts } from './held-parts.ts';
import { copyNumbers, packItems } from './item-coding.ts';
import { callRing, endRing, slotCount } from './layout.ts';
import type { NoticePeer } from './notices.ts';
import { giveBlock, takeBlock } from './number-blocks.ts';
import { isPart, isSmallCall, type Part, type SmallCall, type Waiting } from './part.ts';
import { Records } from './record.ts';
import { RingConsumer, RingProducer } from './ring.ts';
import { sliceOf } from './serial-backend.ts';
import { TaughtFunctions } from './taught-functions.ts';
import { PartFlag, partItems, type Coding, type ToWorker, type Transferable } from './wire.ts';
import type { WorkerLink } from './worker-link.ts';

/** Two looks at a part closer than this tell nothing. */
const lookMs = 0.5;

/**
 * `starting` → `ready` → `retiring` → `gone`; a worker that dies goes to `gone` from anywhere.
 * A retiring worker finishes what it runs and gets nothing new.
 */
export type WorkerState = 'starting' | 'ready' | 'retiring' | 'gone';

/** A part that could not be sent. */
export interface Unsent {
  readonly part: Part;
  readonly error: unknown;
}

/** What the pool is told, and asked. */
export interface PoolWorkerEvents {
  /** Makes a part of a small call. */
  open(call: SmallCall): Part;
  /** Notices for the worker are to be sent now. */
  notices(worker: PoolWorker): void;
  /** One more notice from a worker is waited for, or one less. */
  retain(worker: PoolWorker, more: 1 | -1): void;
}

const allSent: readonly Unsent[] = [];

export class PoolWorker {
  readonly id: number;
  readonly link: WorkerLink;
  state: WorkerState = 'starting';
  /** Parts that the worker holds. */
  readonly parts: HeldParts;
  /** Parts that only this worker may run. */
  readonly pinned: Part[] = [];
  /** Items handed to it so far. */
  items = 0;
  /** Killed on purpose: what it ran is not to blame. */
  killed = false;
  exitSent = false;
  /** It has brought a part to its end. */
  useful = false;
  idleSince = performance.now();
  /** Notices from it that somebody waits for: it must not go before they have come. */
  retained = 0;
  /** Messages that have come from it. */
  taken = 0;
  readonly records: Records;
  /** Ends of small calls. */
  readonly ends: RingConsumer;
  readonly #calls: RingProducer;
  /** Messages that were posted to it. */
  #posted = 0;
  /** Somebody will look whether it has been idle for too long. */
  idleWatched = false;
  readonly #freeSlots: number[] = Array.from({ length: slotCount }, (_, slot) => slotCount - 1 - slot);
  readonly #functions = new TaughtFunctions();
  #outbox: ToWorker[] = [];
  #transfer: Transferable[] = [];
  #unsent: Part[] = [];
  readonly #early: boolean;
  #held = false;
  /** The call of {@link rehearse}, until its end was seen. */
  #rehearsal: { readonly slot: number; readonly fnId: number } | undefined;
  #lastLook: Part | undefined;
  #lastNext = -1;
  #lastLookAt = 0;

  /** Notices to it that have not been sent, with whom to tell that they could not be. */
  readonly #notices = new Map<ToWorker, (error: unknown) => void>();
  readonly #flushSoon: () => void;
  /** The worker as whoever reads its notices sees it. */
  readonly peer: NoticePeer;

  /**
   * `early`: a starting worker may be sent its first part, so that it finds it when it is up.
   */
  constructor(id: number, link: WorkerLink, early: boolean, events: PoolWorkerEvents) {
    this.parts = new HeldParts((call) => events.open(call));
    this.#early = early;
    this.#flushSoon = () => events.notices(this);
    this.peer = {
      workerId: id,
      notify: (data, transfer, failed) => this.#notify(data, transfer, failed),
      retain: () => this.#retain(events, 1),
      release: () => this.#retain(events, -1),
    };
    this.id = id;
    this.link = link;
    this.records = new Records(link.board);
    this.#calls = new RingProducer(link.board.words, callRing);
    this.ends = new RingConsumer(link.board.words, endRing);
  }

  #retain(events: PoolWorkerEvents, more: 1 | -1): void {
    this.retained += more;
    if (this.retained === 0) this.idleSince = performance.now();
    events.retain(this, more);
  }

  get board(): Board {
    return this.link.board;
  }

  /** It will still run what it is given. */
  get lives(): boolean {
    return this.state !== 'gone' && !this.killed && !this.exitSent;
  }

  /** It lives and has nothing to do, now or later. */
  get isDone(): boolean {
    return this.lives && this.parts.size === 0 && this.pinned.length === 0;
  }

  /** Also a retiring worker runs what only it may run. */
  get takesPinned(): boolean {
    return this.lives && this.state !== 'starting' && this.#room > 0;
  }

  /** The slot of a rehearsal is no part's, and not free. A part that could not be had back is not sent ahead. */
  get #room(): number {
    const free = this.#freeSlots.length;
    return this.board.direct ? free : free < slotCount ? 0 : 1;
  }

  /**
   * Whether it is time to fill it up. Not before half of its parts are done: with one new part for each that ends, every
   * part would travel in a message of its own.
   */
  wants(depth: number): boolean {
    return this.room(depth) >= Math.min(depth, this.board.direct ? slotCount : 1) >> 1;
  }

  /** Parts it may still be given; `depth` is how many it should hold. */
  room(depth: number): number {
    if (this.state === 'starting') return this.#early && this.board.direct ? 1 - this.parts.size : 0;
    if (this.state !== 'ready') return 0;
    return Math.min(depth - this.parts.size, this.#room);
  }

  /** It may be given calls by the ring. */
  get takesCalls(): boolean {
    return this.state === 'ready' && this.board.direct;
  }

  /** Puts a part into the ring or on the next message. `alone`: nothing else is under way, and there are cores enough. */
  assign(part: Part, alone: boolean): void {
    const { run } = part;
    if (run.lone && this.takesCalls) {
      const { chunk } = run;
      const args = isSmallCall(chunk) ? chunk.args : chunk.items[part.from];
      this.#assignCall(part, chunk, run.fns[0] as Captured, args, alone);
    } else this.#assignPart(part);
    this.items += part.to - part.from;
  }

  /** Puts a small call into the ring. */
  assignCall(call: SmallCall, alone: boolean): void {
    this.#assignCall(call, call, (call.handle as readonly Captured[])[0] as Captured, call.args, alone);
    this.items++;
  }

  #assignCall(held: Waiting, chunk: Chunk, fn: Captured, args: Arguments, alone: boolean): void {
    const slot = this.#freeSlots.pop() as number;
    this.#hold(held, slot, 0);
    this.#teach(fn);
    const order = this.#outbox.length > 0 ? this.#posted + 1 : this.#posted;
    if (!this.records.writeArguments(slot, args, fn.id, order, chunk)) {
      const list = argumentList(args);
      const part = this.parts.get(slot) as Part;
      const before = this.#transfer.length;
      scanPlain(list, this.#transfer);
      part.moved = this.#transfer.length > before;
      this.#outbox.push(['args', slot, list]);
      this.#unsent.push(part);
      this.records.writeCallElsewhere(slot, fn.id, this.#posted + 1, chunk);
    }
    if (alone) this.records.markAlone(slot);
    this.#calls.push(slot);
  }

  #assignPart(part: Part): void {
    // First, as it may throw: then the worker does not hold the part.
    const encoded = this.#encode(part);
    this.#hold(part, this.#freeSlots.pop() as number, part.from);
    for (const fn of part.run.fns) this.#teach(fn);
    this.#post(part, encoded);
  }

  #hold(held: Waiting, slot: number, from: number): void {
    held.slot = slot;
    this.parts.add(held);
    this.board.open(slot, from);
  }

  #post(part: Part, { coding, items }: { coding: Coding; items: unknown }): void {
    const { run } = part;
    const { chunk } = run;
    const flags =
      (chunk.timeoutMs === undefined ? 0 : PartFlag.timed) |
      (coding === 'packed' ? PartFlag.packed : 0) |
      (part.block === undefined ? 0 : PartFlag.inPlace) |
      (chunk.op === 'range' && run.fns.every(onlyComputes) ? PartFlag.quiet : 0);
    this.#outbox.push([
      'run',
      part.slot,
      chunk.op,
      run.fns.map((fn) => fn.id),
      part.from,
      part.to,
      chunk.base,
      chunk.taskId,
      chunk.name,
      chunk.seed,
      flags,
      items,
      chunk.range,
    ]);
    this.#unsent.push(part);
  }

  send(entry: ToWorker): void {
    this.#outbox.push(entry);
  }

  /** A notice goes with what has gathered for the worker, so that messages keep their numbers. */
  #notify(data: unknown, transfer: Transferable[], failed: (error: unknown) => void): void {
    const entry: ToWorker = ['notice', data];
    this.#notices.set(entry, failed);
    this.#outbox.push(entry);
    for (const each of transfer) this.#transfer.push(each);
    this.#flushSoon();
  }

  /** Sends what has gathered. Returns the parts that could not be sent, with the reason. */
  flush(): readonly Unsent[] {
    const messages = this.#outbox.length > 0;
    if (!messages && !this.#calls.dirty) return allSent;
    const failed = messages ? this.#flushMessages() : allSent;
    if (this.#calls.dirty) {
      this.#calls.publish();
      // A message that was posted before the calls were published may have come and gone without them.
      if (this.board.rouse()) this.#give([], []);
    } else this.board.unblock();
    return failed;
  }

  #flushMessages(): readonly Unsent[] {
    const entries = this.#outbox;
    const transfer = this.#transfer;
    const unsent = this.#unsent;
    this.#outbox = [];
    this.#transfer = [];
    this.#unsent = [];
    try {
      this.#give(entries, transfer);
      this.#notices.clear();
      return allSent;
    } catch {
      const failed = this.#postOneByOne(entries, unsent);
      // What came in one message before is in several: calls wait for the last of them.
      for (const slot of this.#calls.unpublished()) this.records.setOrder(slot, this.#posted);
      return failed;
    }
  }

  #give(entries: readonly ToWorker[], transfer: Transferable[]): void {
    this.link.post(entries, transfer);
    this.#posted = (this.#posted + 1) | 0;
    this.board.notePosted(this.#posted);
  }

  /** The worker has reported the end of a slot's part. */
  release(slot: number): Part | undefined {
    const part = this.parts.get(slot);
    if (part === undefined) return this.#rehearsed(slot);
    this.#free(slot, part.run.fns);
    part.slot = -1;
    part.unwatch?.();
    if (part.block !== undefined) giveBlock(part.block);
    part.block = undefined;
    return part;
  }

  /** The small call that a slot holds as it is has ended; undefined when it holds anything else. */
  releaseCall(slot: number): SmallCall | undefined {
    const call = this.parts.at(slot);
    if (call === undefined || isPart(call)) return undefined;
    this.#free(slot, call.handle as readonly Captured[]);
    return call;
  }

  #free(slot: number, fns: readonly Captured[]): void {
    this.useful = true;
    this.parts.delete(slot);
    this.#freeSlots.push(slot);
    for (const { id } of fns) this.#functions.release(id);
    if (this.parts.size === 0) this.idleSince = performance.now();
  }

  /**
   * Has the worker do a call that does nothing, as it does any other: the first call of a thread takes milliseconds, most of
   * them for code that the engine has not compiled yet. Nobody waits for its end: it is taken in with the next ones.
   */
  rehearse(fn: Captured): void {
    if (!this.board.direct) return;
    const slot = this.#freeSlots.pop() as number;
    this.#rehearsal = { slot, fnId: fn.id };
    this.board.open(slot, 0);
    this.#teach(fn);
    const order = this.#outbox.length > 0 ? this.#posted + 1 : this.#posted;
    this.records.writeArguments(slot, [], fn.id, order, { taskId: 0, seed: 0, timeoutMs: undefined });
    this.#calls.push(slot);
    this.flush();
  }

  #rehearsed(slot: number): undefined {
    if (this.#rehearsal?.slot !== slot) return;
    this.#functions.release(this.#rehearsal.fnId);
    this.#freeSlots.push(slot);
    this.#rehearsal = undefined;
  }

  /** The claim on a part has not moved since the last look, half a millisecond ago or more: something takes long. */
  looksStuck(part: Part, now: number): boolean {
    return now - this.stillSince(part, now) >= lookMs;
  }

  /** Since when the claim on a part is known not to have moved. */
  stillSince(part: Part, now: number): number {
    const next = this.board.peek(part.slot, part.to);
    if (this.#lastLook !== part || this.#lastNext !== next) {
      this.#lastLook = part;
      this.#lastNext = next;
      this.#lastLookAt = now;
    }
    return this.#lastLookAt;
  }

  /** The part that runs now, as far as the board knows. */
  running(): Part | undefined {
    return this.parts.get(this.board.runningSlot());
  }

  hold(keepAlive: boolean): void {
    if (keepAlive === this.#held) return;
    this.#held = keepAlive;
    this.link.hold(keepAlive);
  }

  #teach(fn: Captured): void {
    if (!this.#functions.use(fn)) return;
    this.#outbox.push(['function', fn.id, fn.packed]);
    const unused = this.#functions.dropSurplus();
    if (unused.length > 0) this.#outbox.push(['forget', unused]);
  }

  #encode(part: Part): { coding: Coding; items: unknown } {
    const { run, from, to } = part;
    const { chunk } = run;
    if (run.coding === 'numbers') {
      part.block = this.link.threads ? takeBlock(to - from) : undefined;
      const numbers = part.block?.subarray(0, to - from) ?? new Float64Array(to - from);
      copyNumbers(chunk.items as ArrayLike<number>, from, to, numbers);
      if (numbers.buffer instanceof ArrayBuffer) this.#transfer.push(numbers.buffer);
      return { coding: 'plain', items: numbers };
    }
    if (run.coding === 'packed') {
      const whole = from === chunk.from && to === chunk.to ? run.packed : undefined;
      run.packed = undefined;
      const { packed, transfer } = whole ?? packItems(chunk, from, to);
      for (const each of transfer) this.#transfer.push(each);
      part.moved = transfer.length > 0;
      return { coding: 'packed', items: packed };
    }
    const items = sliceOf(chunk.items, from, to);
    if (run.coding === 'mapped') return { coding: 'packed', items: packMapped(items as Float64Array) };
    if (ArrayBuffer.isView(items)) {
      // A view is cloned with the whole buffer behind it: copy the part, and hand over the copy.
      if (items.buffer instanceof SharedArrayBuffer) return { coding: 'plain', items };
      const copy = (items as unknown as Float64Array<ArrayBuffer>).slice();
      this.#transfer.push(copy.buffer);
      return { coding: 'plain', items: copy };
    }
    const before = this.#transfer.length;
    scanPlain(items, this.#transfer);
    part.moved = this.#transfer.length > before;
    return { coding: 'plain', items };
  }

  #postOneByOne(entries: readonly ToWorker[], unsent: readonly Part[]): readonly Unsent[] {
    const failed: Unsent[] = [];
    /** Functions that cannot be sent, and why. */
    const missing = new Map<number, unknown>();
    for (const entry of entries) {
      const slot = entry[0] === 'run' || entry[0] === 'args' ? entry[1] : -1;
      const part = unsent.find((one) => one.slot === slot);
      // What needs a missing function is dealt with below.
      if (part?.run.fns.some(({ id }) => missing.has(id)) === true) continue;
      const transfer: Transferable[] = [];
      if (entry[0] === 'run') scanPlain(entry[partItems], transfer);
      if (entry[0] === 'args') scanPlain(entry[2], transfer);
      if (entry[0] === 'notice') scanPlain(entry[1], transfer);
      const told = this.#notices.get(entry);
      this.#notices.delete(entry);
      try {
        this.#give([entry], transfer);
      } catch (error) {
        if (told !== undefined) told(error);
        else if (entry[0] === 'function') missing.set(entry[1], error);
        else if (entry[0] === 'stop') {
          // A reason that cannot travel: the task stops all the same.
          const reason = packError(new DOMException('The task was stopped', 'AbortError'));
          this.#give([['stop', entry[1], reason]], []);
        } else if (part === undefined) throw error;
        else failed.push(this.#withdraw(part, entry[0] === 'args', error));
      }
    }
    if (missing.size > 0) failed.push(...this.#withoutFunctions(missing, entries));
    return failed;
  }

  /** A part that could not be sent. A call is in the ring already: the worker finds it taken back, and says so. */
  #withdraw(part: Part, inRing: boolean, error: unknown): Unsent {
    if (inRing) this.board.takeBack(part.slot);
    else this.release(part.slot);
    return { part, error };
  }

  /** Withdraws what was to be sent with functions that could not be. */
  #withoutFunctions(missing: ReadonlyMap<number, unknown>, entries: readonly ToWorker[]): Unsent[] {
    const failed: Unsent[] = [];
    const inMessages = new Set(entries.map((entry) => (entry[0] === 'run' ? entry[1] : -1)));
    for (const part of this.parts.all()) {
      const fn = part.run.fns.find(({ id }) => missing.has(id));
      if (fn === undefined) continue;
      failed.push(this.#withdraw(part, !inMessages.has(part.slot), missing.get(fn.id)));
    }
    this.#functions.lost(missing.keys());
    return failed;
  }
}
