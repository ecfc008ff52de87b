/** Numbers in large quantities from some threads to others. */
import { mayBlock } from '../base/blocking.ts';
import { WaitTimeoutError } from '../base/errors.ts';
import { integer, optionChecker, show } from '../base/options.ts';
import { isTypedArrayClass, type TypedArrayConstructor, type TypedArrayOver } from '../memory/typed-array.ts';
import { Closed, Exchange, ownWords, word } from './exchange.ts';
import { Arrived, syncRules, travelsAs, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type WaitOptions } from './waiting.ts';

/** Options of {@link RecordChannel}. */
export interface RecordChannelOptions extends SyncOptions {
  /** Elements of a record; default 1. */
  width?: number | undefined;
  /** Records that it can hold; default 4096. */
  capacity?: number | undefined;
}

const check = optionChecker('new RecordChannel', {
  ...syncRules,
  width: integer({ min: 1, max: 2 ** 20 }),
  capacity: integer({ min: 1, max: 2 ** 28 }),
});

type Numbers = Float64Array;
/** How far a call of `send` has come. */
class Sending {
  sent = 0;
  readonly all: number;
  /** What there is room for may go before the rest. */
  readonly parts: boolean;

  constructor(all: number, parts: boolean) {
    this.all = all;
    this.parts = parts;
  }
}

type Extra = { readonly type: string; readonly width: number };

/**
 * A bounded channel of records: `width` elements of a typed array each. Any number of threads send and receive, in order.
 *
 * Many records go at once, and are copied in one piece: millions of them in a second. All else is as in {@link Channel}.
 *
 * @example
 * ```ts
 * import { submit } from 'tutti';
 * import { RecordChannel } from 'tutti/sync';
 *
 * const points = new RecordChannel(Float64Array, { width: 2 });
 * const sum = submit(() => {
 *   const batch = new Float64Array(2 * 100);
 *   let total = 0;
 *   for (let n = points.receive(batch); n > 0; n = points.receive(batch))
 *     for (let i = 0; i < 2 * n; i++) total += batch[i]!;
 *   return total;
 * });
 * await points.sendAsync([1, 2, 3, 4]);
 * points.close();
 * await sum; // => 10
 * ```
 */
export class RecordChannel<C extends TypedArrayConstructor = Float64ArrayConstructor> extends Exchange {
  /** Elements of a record. */
  readonly width: number;
  readonly #type: TypedArrayConstructor;
  readonly #data: Numbers;
  readonly #room: number;

  /**
   * @param Ctor what records are made of: any typed array class
   * @throws TypeError when it is none; RangeError for numbers out of bounds
   */
  constructor(Ctor: C | Arrived, options?: RecordChannelOptions) {
    let extra: Extra;
    let capacity = 0;
    if (Ctor instanceof Arrived) {
      super(0, Ctor);
      extra = Ctor.data.extra as Extra;
      capacity = this.words[word.capacity] as number;
    } else {
      if (!isTypedArrayClass(Ctor)) {
        throw new TypeError(
          `new RecordChannel(): the first argument must be a typed array class such as Float64Array, not ${show(Ctor)}`,
        );
      }
      const { width = 1, capacity: room = 4096, ...sync } = check(options);
      super(2 + Math.ceil((room * width * Ctor.BYTES_PER_ELEMENT) / 4), sync);
      extra = { type: (Ctor as unknown as { name: string }).name, width };
      capacity = room;
      this.words[word.capacity] = room;
    }
    this.width = extra.width;
    this.#room = capacity;
    this.#type = (globalThis as unknown as Record<string, TypedArrayConstructor>)[
      extra.type
    ] as TypedArrayConstructor;
    const { buffer, byteOffset } = this.words;
    const Typed = this.#type as unknown as new (
      buffer: ArrayBufferLike,
      at: number,
      length: number,
    ) => Numbers;
    const first = ownWords + (ownWords % 2);
    this.#data = new Typed(buffer, byteOffset + first * 4, capacity * this.width);
  }

  protected override extra(): Extra {
    return { type: (this.#type as unknown as { name: string }).name, width: this.width };
  }

  /** Sends as many records as there is room for; returns how many. Never waits. @throws ChannelClosedError */
  trySend(records: ArrayLike<number> | ArrayLike<bigint>): number {
    const n = this.#countOf(records);
    const act = (): number | undefined => this.#put(records, 0, n);
    return this.tryLocked(act) ?? block(this, this.when('givers', act), { timeoutMs: 0 }) ?? 0;
  }

  /**
   * Blocks until all records are in the channel; returns how many were when `timeoutMs` was over.
   *
   * @throws ChannelClosedError when the channel is or gets closed, and the reason of the `signal`: some of the records may have been
   *   sent before; RangeError for a piece of a record; WouldBlockError on a main thread, where none is sent then
   */
  send(records: ArrayLike<number> | ArrayLike<bigint>, options?: WaitOptions): number {
    checkLimits(options, this);
    // A main thread that would have to wait for room is refused before anything is sent.
    const parts = mayBlock() || options?.timeoutMs === 0;
    const sending = new Sending(this.#countOf(records), parts);
    if (this.tryLocked(() => this.#sendMore(records, sending)) === undefined)
      block(
        this,
        this.when('givers', () => this.#sendMore(records, sending)),
        options,
      );
    return sending.sent;
  }

  /** As {@link send}, without blocking the thread. `records` must not change meanwhile. */
  async sendAsync(records: ArrayLike<number> | ArrayLike<bigint>, options?: WaitOptions): Promise<number> {
    checkLimits(options, this);
    const sending = new Sending(this.#countOf(records), true);
    if (this.tryLocked(() => this.#sendMore(records, sending)) === undefined)
      await waitAsync(
        this,
        this.when('givers', () => this.#sendMore(records, sending)),
        options,
      );
    return sending.sent;
  }

  /** Under the lock: true when all are sent; undefined when the rest has to wait for room. */
  #sendMore(records: ArrayLike<number> | ArrayLike<bigint>, sending: Sending): true | undefined {
    const { sent, all, parts } = sending;
    const room = this.#room - (this.words[word.count] as number);
    if (parts || room >= all - sent || this.closed) sending.sent += this.#put(records, sent, all) ?? 0;
    return sending.sent === all ? true : undefined;
  }

  /** Takes as many records as there are and `into` has room for; returns how many. Never waits. */
  tryReceive(into: TypedArrayOver<C, ArrayBufferLike>): number {
    const act = (): number | undefined => this.#take(into as unknown as Numbers);
    return Math.max(0, this.tryLocked(act) ?? block(this, this.when('takers', act), { timeoutMs: 0 }) ?? 0);
  }

  /**
   * Blocks until there is a record, then takes as many as there are and `into` has room for; returns how many, 0 when the
   * channel is closed and empty.
   *
   * @throws WaitTimeoutError after `timeoutMs`; RangeError when `into` has no room for a record
   */
  receive(into: TypedArrayOver<C, ArrayBufferLike>, options?: WaitOptions): number {
    checkLimits(options, this);
    const act = (): number | undefined => this.#take(into as unknown as Numbers);
    return this.#received(this.tryLocked(act) ?? block(this, this.when('takers', act), options), options);
  }

  /** As {@link receive}, without blocking the thread. */
  async receiveAsync(into: TypedArrayOver<C, ArrayBufferLike>, options?: WaitOptions): Promise<number> {
    checkLimits(options, this);
    const act = (): number | undefined => this.#take(into as unknown as Numbers);
    const n = this.tryLocked(act) ?? (await waitAsync(this, this.when('takers', act), options));
    return this.#received(n, options);
  }

  #received(n: number | undefined, options: WaitOptions | undefined): number {
    if (n !== undefined) return Math.max(0, n);
    throw new WaitTimeoutError(
      `nothing came through ${this.describe()} within ${options?.timeoutMs ?? 0} ms`,
    );
  }

  /** Nothing can be sent any more; what is in the channel can be received. False when it was closed already. */
  close(): boolean {
    return block(
      this,
      this.end(false, () => undefined),
    );
  }

  #countOf(records: ArrayLike<unknown>): number {
    const n = records.length / this.width;
    if (Number.isInteger(n)) return n;
    throw new RangeError(
      `${this.describe()}: ${records.length} elements are no whole number of records of ${this.width}`,
    );
  }

  /** Under the lock: puts records `from ≤ k < to` in, as many as there is room for; undefined when that is none. */
  #put(records: ArrayLike<number> | ArrayLike<bigint>, from: number, to: number): number | undefined {
    const { words, width } = this;
    if (Atomics.load(words, word.closed) !== Closed.no) throw this.cannotPut();
    const count = words[word.count] as number;
    const n = Math.min(to - from, this.#room - count);
    if (n <= 0) return to === from ? 0 : undefined;
    const start = ((words[word.head] as number) + count) % this.#room;
    const first = Math.min(n, this.#room - start);
    this.#copyIn(records, from * width, start * width, first * width);
    if (first < n) this.#copyIn(records, (from + first) * width, 0, (n - first) * width);
    Atomics.store(words, word.count, count + n);
    this.filled(n);
    return n;
  }

  #copyIn(records: ArrayLike<number> | ArrayLike<bigint>, from: number, at: number, length: number): void {
    if (ArrayBuffer.isView(records)) {
      this.#data.set((records as unknown as Numbers).subarray(from, from + length), at);
      return;
    }
    for (let k = 0; k < length; k++) this.#data[at + k] = records[from + k] as number;
  }

  /** Under the lock: undefined when there is nothing, −1 when nothing will come. */
  #take(into: Numbers): number | undefined {
    const { words, width } = this;
    const space = Math.floor(into.length / width);
    if (space < 1)
      throw new RangeError(
        `${this.describe()}: ${into.length} elements have no room for a record of ${width}`,
      );
    const count = words[word.count] as number;
    if (count === 0) return Atomics.load(words, word.closed) === Closed.no ? undefined : -1;
    const n = Math.min(space, count);
    const start = words[word.head] as number;
    const first = Math.min(n, this.#room - start);
    into.set(this.#data.subarray(start * width, (start + first) * width));
    if (first < n) into.set(this.#data.subarray(0, (n - first) * width), first * width);
    words[word.head] = (start + n) % this.#room;
    Atomics.store(words, word.count, count - n);
    this.freed(n);
    return n;
  }
}

travelsAs(import.meta.url, { RecordChannel });
