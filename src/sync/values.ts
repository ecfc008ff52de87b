/** A bounded row of values of any kind, which several threads fill and empty: what channels and queues are made of. */
import { UnsupportedError } from '../base/errors.ts';
import { integer, optionChecker, show } from '../base/options.ts';
import { Closed, Exchange, ownWords, word } from './exchange.ts';
import {
  blocksFor,
  decodeNow,
  decodeValue,
  encodeValue,
  Store,
  storeWords,
  type Encoded,
  type Stored,
} from './store.ts';
import { Arrived, syncRules, type SyncOptions } from './sync-object.ts';
import { block, checkLimits, waitAsync, type Steps, type WaitOptions } from './waiting.ts';

/** Options of channels and queues. */
export interface ValuesOptions extends SyncOptions {
  /** Bytes of shared memory for values other than numbers and booleans; default 1 MiB. The largest value must fit. */
  bytes?: number | undefined;
}

export const valuesRules = { ...syncRules, bytes: integer({ min: 256, max: 2 ** 30 }) };
const largest = 2 ** 24;

/** In which order values come out. */
export type Order = 'fifo' | 'lifo' | 'priority';

/** A value in the row: kind, length, first block, place in the order of arrival; the number and the priority as doubles. */
const entryWords = 8;
const numberAt = 2;
const priorityAt = 3;

/** What a failed `try` gives, where `undefined` may be a value. */
export interface Taken<T> {
  readonly value: T;
}

/** A row of values. */
export abstract class Values<T> extends Exchange {
  readonly #order: Order;
  readonly #store: Store;
  readonly #entries: number;
  readonly #cells: Float64Array;
  /** Was taken out by a blocking form, which could not import what it needs: the next that takes something in this thread gets it. */
  #undecoded: Encoded | undefined;
  /** @internal */
  protected readonly room: number;

  protected constructor(owner: string, order: Order, capacity: number | Arrived, options?: ValuesOptions) {
    const arrived = capacity instanceof Arrived;
    const checked = arrived ? {} : optionChecker(`new ${owner}`, valuesRules)(options);
    const room = arrived ? (capacity.data.words[word.capacity] as number) : checkCapacity(owner, capacity);
    const entryFirst = ownWords + (ownWords % 2);
    const storeFirst = entryFirst + room * entryWords;
    const blocks = arrived
      ? blocksIn(capacity.data.words.length - storeFirst)
      : blocksFor(checked.bytes ?? 2 ** 20);
    super(
      storeFirst - ownWords + storeWords(blocks),
      arrived ? capacity : { across: checked.across, name: checked.name },
    );
    this.#order = order;
    this.room = room;
    this.#entries = entryFirst;
    const { words } = this;
    if (!arrived) words[word.capacity] = room;
    this.#store = new Store(words, storeFirst, blocks, !arrived);
    this.#cells = new Float64Array(words.buffer, words.byteOffset, words.length >> 1);
  }

  // ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────

  protected tryGive(value: T, priority = 0): boolean {
    const encoded = this.#encode(value);
    const done = this.tryLocked(() => this.#put(encoded, priority));
    // Somebody had the lock: for a moment, which is no reason to refuse.
    if (done === undefined && this.size < this.room && !this.closed) {
      return (
        block(
          this,
          this.when('givers', () => this.#put(encoded, priority)),
          { timeoutMs: 0 },
        ) === true
      );
    }
    return done === true;
  }

  protected give(value: T, priority: number, options?: WaitOptions): boolean {
    checkLimits(options, this);
    const encoded = this.#encode(value);
    if (this.tryLocked(() => this.#put(encoded, priority)) === true) return true;
    return (
      block(
        this,
        this.when('givers', () => this.#put(encoded, priority)),
        options,
      ) === true
    );
  }

  protected async giveAsync(value: T, priority: number, options?: WaitOptions): Promise<boolean> {
    checkLimits(options, this);
    const encoded = this.#encode(value);
    if (this.tryLocked(() => this.#put(encoded, priority)) === true) return true;
    return (
      (await waitAsync(
        this,
        this.when('givers', () => this.#put(encoded, priority)),
        options,
      )) === true
    );
  }

  #encode(value: T): Encoded {
    const encoded = encodeValue(value, 'value');
    const { byteLength } = encoded.bytes;
    if (byteLength > this.#store.byteLength) {
      throw new RangeError(
        `cannot put a value of ${byteLength} bytes into ${this.describe()}, which has ${this.#store.byteLength}; ` +
          'make it with more `bytes`, or send large data as a shared array',
      );
    }
    return encoded;
  }

  /** Under the lock: true when the value is in, undefined when there is no room. */
  #put(encoded: Encoded, priority: number): true | undefined {
    const { words } = this;
    if (Atomics.load(words, word.closed) !== Closed.no) throw this.cannotPut();
    const count = words[word.count] as number;
    if (count >= this.room) return undefined;
    const stored = this.#store.put(encoded);
    if (stored === undefined) return undefined;
    const seq = words[word.arrivals] as number;
    words[word.arrivals] = (seq + 1) | 0;
    const at =
      this.#order === 'fifo' ? this.#ringAt((words[word.head] as number) + count) : this.#entryAt(count);
    this.#write(at, stored, seq, priority);
    Atomics.store(words, word.count, count + 1);
    // taskDone() counts it down without the lock.
    Atomics.add(words, word.unfinished, 1);
    if (this.#order === 'priority') this.#rise(count);
    this.filled();
    return true;
  }

  // ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────

  protected tryTake(): Taken<T> | undefined {
    let encoded = this.#again() ?? this.tryLocked(() => this.#take());
    if (encoded === undefined && this.size > 0) {
      const taken = block(
        this,
        this.when('takers', () => this.#take()),
        { timeoutMs: 0 },
      );
      if (taken !== undefined && taken !== 'closed') encoded = taken;
    }
    if (encoded === undefined || encoded === 'closed') return undefined;
    return { value: this.#decodeNow(encoded) };
  }

  /** `'closed'` when nothing will come any more, undefined when the time is up. */
  protected take(options?: WaitOptions): Taken<T> | 'closed' | undefined {
    checkLimits(options, this);
    const encoded =
      this.#again() ??
      this.tryLocked(() => this.#take()) ??
      block(
        this,
        this.when('takers', () => this.#take()),
        options,
      );
    if (encoded === undefined || encoded === 'closed') return encoded;
    return { value: this.#decodeNow(encoded) };
  }

  protected async takeAsync(options?: WaitOptions): Promise<Taken<T> | 'closed' | undefined> {
    checkLimits(options, this);
    const encoded =
      this.#again() ??
      this.tryLocked(() => this.#take()) ??
      (await waitAsync(
        this,
        this.when('takers', () => this.#take()),
        options,
      ));
    if (encoded === undefined || encoded === 'closed') return encoded;
    return { value: (await decodeValue(encoded)) as T };
  }

  /** All values until it is closed or shut down; blocks the thread between them. Leaving the loop early leaves the others in. */
  *[Symbol.iterator](): Generator<T, void> {
    for (let taken = this.take(); taken !== 'closed' && taken !== undefined; taken = this.take())
      yield taken.value;
  }

  /** All values until it is closed or shut down, without blocking the thread. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (let taken = await this.takeAsync(); taken !== 'closed' && taken !== undefined;) {
      yield taken.value;
      taken = await this.takeAsync();
    }
  }

  /** @internal What `select` does: takes a value under the lock if there is one. */
  *poll(blocks: boolean): Steps<Taken<T | Promise<T>> | 'closed' | undefined> {
    const encoded = this.#again() ?? (yield* this.locked(() => this.#take()));
    if (encoded === undefined || encoded === 'closed') return encoded;
    return { value: (blocks ? this.#decodeNow(encoded) : decodeValue(encoded)) as T | Promise<T> };
  }

  #again(): Encoded | undefined {
    const encoded = this.#undecoded;
    this.#undecoded = undefined;
    return encoded;
  }

  #decodeNow(encoded: Encoded): T {
    try {
      return decodeNow(encoded, this.describe()) as T;
    } catch (error) {
      if (error instanceof UnsupportedError) this.#undecoded = encoded;
      throw error;
    }
  }

  #take(): Encoded | 'closed' | undefined {
    const { words } = this;
    const count = words[word.count] as number;
    if (count === 0) return Atomics.load(words, word.closed) === Closed.no ? undefined : 'closed';
    let at: number;
    if (this.#order === 'fifo') {
      const head = words[word.head] as number;
      at = this.#ringAt(head);
      words[word.head] = (head + 1) % this.room;
    } else at = this.#entryAt(this.#order === 'lifo' ? count - 1 : 0);
    const encoded = this.#store.take(this.#read(at));
    Atomics.store(words, word.count, count - 1);
    if (this.#order === 'priority') this.#sink(count - 1);
    // What one sender has no room for may be enough for another.
    this.freed(Infinity);
    return encoded;
  }

  /** Under the lock: forgets all that is in it. */
  protected readonly clear = (): void => {
    while (this.size > 0) {
      if (this.#take() === 'closed') break;
      this.dropped();
    }
  };

  /** An item that nobody will say is done. */
  protected dropped(): void {
    const { words } = this;
    for (let left = Atomics.load(words, word.unfinished); left > 0;) {
      const seen = Atomics.compareExchange(words, word.unfinished, left, left - 1);
      if (seen === left) return;
      left = seen;
    }
  }

  // ── entries ──────────────────────────────────────────────────────────────────────────────────────────────────

  #entryAt(index: number): number {
    return this.#entries + index * entryWords;
  }

  #ringAt(index: number): number {
    return this.#entryAt(index % this.room);
  }

  #write(
    at: number,
    { kind, number, block: first, byteLength }: Stored,
    seq: number,
    priority: number,
  ): void {
    const { words } = this;
    words[at] = kind;
    words[at + 1] = byteLength;
    words[at + 2] = first;
    words[at + 3] = seq;
    this.#cells[(at >> 1) + numberAt] = number;
    this.#cells[(at >> 1) + priorityAt] = priority;
  }

  #read(at: number): Stored {
    const { words } = this;
    return {
      kind: words[at] as number,
      byteLength: words[at + 1] as number,
      block: words[at + 2] as number,
      number: this.#cells[(at >> 1) + numberAt] as number,
    };
  }

  // ── a binary heap: the smallest priority first, among equals the one that came first ────────────────────────────

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#priority(a), this.#priority(b)];
    const [k, l] = [this.#entryAt(a), this.#entryAt(b)];
    return x < y || (x === y && (((this.words[k + 3] as number) - (this.words[l + 3] as number)) | 0) < 0);
  }

  #priority(index: number): number {
    return this.#cells[(this.#entryAt(index) >> 1) + priorityAt] as number;
  }

  #swap(a: number, b: number): void {
    const [k, l] = [this.#entryAt(a), this.#entryAt(b)];
    const kept = this.words.slice(k, k + entryWords);
    this.words.copyWithin(k, l, l + entryWords);
    this.words.set(kept, l);
  }

  #rise(from: number): void {
    for (let k = from; k > 0;) {
      const up = (k - 1) >> 1;
      if (!this.#before(k, up)) return;
      this.#swap(k, up);
      k = up;
    }
  }

  /** The first is gone: the last of `count` others takes its place and goes where it belongs. */
  #sink(count: number): void {
    if (count > 0) this.#swap(0, count);
    for (let k = 0; ;) {
      let least = k;
      for (const child of [2 * k + 1, 2 * k + 2])
        if (child < count && this.#before(child, least)) least = child;
      if (least === k) return;
      this.#swap(k, least);
      k = least;
    }
  }
}

function blocksIn(words: number): number {
  // storeWords(n) = 4 + 65 n
  return Math.floor((words - 4) / 65);
}

function checkCapacity(owner: string, capacity: unknown): number {
  if (typeof capacity !== 'number')
    throw new TypeError(`new ${owner}(): the capacity must be a number, but got ${show(capacity)}`);
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > largest)
    throw new RangeError(
      `new ${owner}(): the capacity must be an integer from 1 to ${largest}, but got ${capacity}`,
    );
  return capacity;
}
