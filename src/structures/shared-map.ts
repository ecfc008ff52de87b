/** A hash map in shared memory, for many threads at once. */
import { integer, number, optionChecker, show, type Rule } from '../base/options.ts';
import { byReference } from '../base/reference.ts';
import { hashOf, keyCodec, type KeyCodec, type KeyOf, type KeySpec } from './key-codec.ts';
import { across, allocate, incoming, outgoing, type AcrossOptions } from './memory.ts';
import { StructType } from './struct-type.ts';
import { SlotTable, tableWords, type TableShape } from './slot-table.ts';
import {
  valueCodec,
  type AddendOf,
  type ValueInput,
  type ValueOf,
  type ValueSpec,
  type ValueWords,
} from './value-codec.ts';

/** Options of {@link sharedMap}. */
export interface SharedMapOptions<K extends KeySpec, V extends ValueSpec> extends AcrossOptions {
  /** What keys are: an integer type, `f64`, `text(n)` or `bytes(n)`. */
  keys: K;
  /** What values are: an element type such as `f64`, or a struct. */
  values: V;
  /** Entries at most, an integer ≥ 1. Memory for all of them is taken at once, and a third more, up to a power of two. */
  capacity: number;
  /** How long an operation waits for another thread that does not go on, in milliseconds; 5000 by default. */
  timeoutMs?: number;
}

const anything: Rule<unknown> = { expects: 'a type', is: () => true };
const MAX_CAPACITY = 2 ** 28;
const DEFAULT_TIMEOUT_MS = 5_000;

const checkOptions = optionChecker('sharedMap', {
  keys: anything,
  values: anything,
  capacity: integer({ min: 1, max: MAX_CAPACITY }),
  timeoutMs: number({ min: 0, infinite: true }),
  across,
});

interface Message {
  readonly keys: KeySpec;
  readonly values: ValueSpec;
  readonly capacity: number;
  readonly timeoutMs: number;
  readonly memory: Uint8Array;
}

/**
 * A hash map in shared memory; {@link sharedMap} makes it.
 *
 * Any number of threads may call anything at any time. **Operations on one key happen in one order** that all threads see
 * (linearizable per key), and what a thread wrote before it changed a key is visible to who sees the change. Values are
 * never seen half-written.
 *
 * Who reads never waits. Who changes an entry locks it for some machine instructions, in which no code of yours runs; who adds a key
 * locks a 64th of all keys for as long. **A thread that dies meanwhile** leaves the entry as it was before. On Linux those who
 * wait learn that it has died and go on; `size` may be one off then. Elsewhere, and when the thread is only stopped, they throw an
 * AbandonedError after `timeoutMs`. Processes that share a map must see each other's ids (not be in containers of their own).
 *
 * Deleted entries leave gaps, which new keys use whose way leads there. No way is longer than the longest that any
 * entry ever took, so lookups stay fast however many keys come and go.
 */
export class SharedMap<K extends KeySpec = KeySpec, V extends ValueSpec = ValueSpec> {
  readonly #message: Message;
  readonly #table: SlotTable;
  readonly #keys: KeyCodec;
  readonly #value: ValueWords;

  /** @internal use {@link sharedMap} */
  constructor(
    message: Omit<Message, 'memory'>,
    memory: (byteLength: number) => ArrayBufferLike,
    thread?: number,
  ) {
    const { capacity, timeoutMs } = message;
    this.#keys = keyCodec(message.keys);
    const values = valueCodec(message.values);
    const types = { keys: plain(message.keys), values: plain(message.values) };
    const shape: TableShape = { capacity, timeoutMs, keyWords: this.#keys.words, valueWords: values.words };
    const buffer = memory(4 * tableWords(shape));
    this.#message = { ...message, ...types, memory: outgoing(buffer) };
    this.#table = new SlotTable(buffer, shape, thread);
    this.#value = values.over(this.#table.value);
  }

  /** The memory: `unmap(map.buffer)` ends memory that is shared across processes sooner than the garbage collector. */
  get buffer(): ArrayBufferLike {
    return this.#message.memory.buffer;
  }

  /** Entries that it holds at most. */
  get capacity(): number {
    return this.#message.capacity;
  }

  /** Entries now. */
  get size(): number {
    return this.#table.size;
  }

  /** The value of a key; undefined when it has none. Expected time O(1), as for all operations on one key. */
  get(key: KeyOf<K>): ValueOf<V> | undefined {
    this.#look(key);
    return this.#read() < 0 ? undefined : (this.#value.read() as ValueOf<V>);
  }

  /** Whether a key has a value. */
  has(key: KeyOf<K>): boolean {
    this.#look(key);
    const table = this.#table;
    for (;;) {
      const slot = table.find();
      if (slot < 0 || table.confirm(slot)) return slot >= 0;
    }
  }

  /**
   * Gives a key a value; of a struct, fields that are left out become zero.
   *
   * @throws CapacityError when the key is new and the map is full
   * @throws TypeError or RangeError for a key or value that does not fit, AbandonedError (see {@link SharedMap})
   */
  set(key: KeyOf<K>, value: ValueInput<V>): this {
    this.#look(key);
    this.#value.write(value);
    const table = this.#table;
    for (;;) {
      const slot = table.find();
      if (slot < 0) {
        if (table.insert('set')) return this;
      } else if (table.lock(slot, true)) {
        table.publish(slot);
        return this;
      }
    }
  }

  /** Removes a key; whether it was there. */
  delete(key: KeyOf<K>): boolean {
    this.#look(key);
    const table = this.#table;
    for (;;) {
      const slot = table.find();
      if (slot < 0) return false;
      if (!table.lock(slot, true)) continue;
      table.remove(slot);
      return true;
    }
  }

  /**
   * Adds to the value of a key, or to zero where it has none, in one step; gives the value **after**.
   *
   * @param delta 1 by default, for `i64` and `u64` 1n
   * @throws RangeError when the sum does not fit the type of the values: nothing is changed then
   * @throws CapacityError when the key is new and the map is full; AbandonedError (see {@link SharedMap})
   */
  add(key: KeyOf<K>, ...[delta]: [delta?: AddendOf<V>]): ValueOf<V> {
    this.#look(key);
    const table = this.#table;
    const by: unknown = delta ?? this.#one;
    this.#value.checkAddend(by);
    for (;;) {
      const slot = table.find();
      const isNew = slot < 0;
      if (!isNew) {
        if (!table.lock(slot, true)) continue;
        table.read(slot);
      }
      const sum = this.#value.sum(isNew, by);
      if (sum === undefined) {
        const before = isNew ? 0 : this.#value.read();
        if (!isNew) table.unlock(slot);
        throw this.#overflow(before, by);
      }
      this.#value.write(sum);
      if (isNew) {
        if (!table.insert('add')) continue;
      } else table.publish(slot);
      return this.#value.read() as ValueOf<V>;
    }
  }

  /**
   * Replaces the value of a key by what a function makes of it, in one step; gives the value after.
   *
   * The function runs without any lock, again whenever another thread changed the key meanwhile: it should have no effects, be
   * quick, and may use this map. What it throws passes through, and changes nothing.
   *
   * @param change gets the value, undefined when there is none; what it returns becomes the value, and undefined removes the key
   * @throws as {@link SharedMap.set}
   */
  update(
    key: KeyOf<K>,
    change: (value: ValueOf<V> | undefined) => ValueInput<V> | undefined,
  ): ValueOf<V> | undefined {
    const table = this.#table;
    for (;;) {
      this.#look(key);
      const slot = this.#read();
      const { version } = table;
      const next = change(slot < 0 ? undefined : (this.#value.read() as ValueOf<V>));
      // The function may have used the map, and with it the words that keys and values pass through.
      this.#look(key);
      if (next !== undefined) this.#value.write(next);
      if (slot < 0) {
        if (next === undefined) return undefined;
        if (table.insert('update')) return this.#value.read() as ValueOf<V>;
        continue;
      }
      table.version = version;
      if (!table.lock(slot, false)) continue;
      if (next === undefined) table.remove(slot);
      else table.publish(slot);
      return next === undefined ? undefined : (this.#value.read() as ValueOf<V>);
    }
  }

  /** Removes all keys that it meets: those that others add meanwhile may stay. O(capacity). */
  clear(): void {
    const table = this.#table;
    for (const slot of table.slots()) while (table.load(slot) && !this.#removed(slot));
  }

  /**
   * Keys with their values. **Weakly consistent**: each pair is as it was at one moment, but not all at the same one. A key that is
   * there all the time comes exactly once; one that others add or delete meanwhile may come or not, and one that is deleted
   * and added again may come twice. O(capacity).
   */
  *entries(): IterableIterator<[KeyOf<K>, ValueOf<V>]> {
    const table = this.#table;
    for (const slot of table.slots())
      if (table.load(slot))
        yield [this.#keys.decode(table.key) as KeyOf<K>, this.#value.read() as ValueOf<V>];
  }

  /** Keys, as {@link SharedMap.entries}. */
  *keys(): IterableIterator<KeyOf<K>> {
    for (const [key] of this.entries()) yield key;
  }

  /** Values, as {@link SharedMap.entries}. */
  *values(): IterableIterator<ValueOf<V>> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): IterableIterator<[KeyOf<K>, ValueOf<V>]> {
    return this.entries();
  }

  /** A copy as an ordinary `Map`, as {@link SharedMap.entries}. */
  toMap(): Map<KeyOf<K>, ValueOf<V>> {
    return new Map(this.entries());
  }

  get #one(): unknown {
    const { values } = this.#message;
    return 'dtype' in values && (values.dtype === 'i64' || values.dtype === 'u64') ? 1n : 1;
  }

  #overflow(before: unknown, by: unknown): RangeError {
    const { values } = this.#message;
    return new RangeError(
      `add(): ${show(before)} + ${show(by)} does not fit ${(values as { dtype: string }).dtype}; choose a wider type`,
    );
  }

  #look(key: unknown): void {
    const table = this.#table;
    table.keyLength = this.#keys.encode(key, table.key);
    table.hash = hashOf(table.key, table.keyLength);
  }

  /** The slot of the key, its value read as it was at one moment; −1 when there is none. */
  #read(): number {
    const table = this.#table;
    for (;;) {
      const slot = table.find();
      if (slot < 0) return slot;
      table.read(slot);
      if (table.confirm(slot)) return slot;
    }
  }

  #removed(slot: number): boolean {
    const table = this.#table;
    if (!table.lock(slot, false)) return false;
    table.remove(slot);
    return true;
  }

  [Symbol.for('tutti.serialize')](): Message {
    return this.#message;
  }

  static [Symbol.for('tutti.deserialize')]({ memory, ...rest }: Message): SharedMap {
    return new SharedMap(rest, () => incoming('a SharedMap', memory));
  }

  static {
    byReference(this, 'structures/shared-map.js', 'SharedMap');
  }
}

/** Types are frozen, which takes longer to send than a plain copy. */
function plain<T extends KeySpec | ValueSpec>(spec: T): T {
  return spec instanceof StructType ? spec : { ...spec };
}

/**
 * A hash map in shared memory, for keys and values of fixed sizes.
 *
 * Passed to a task or captured by one it is the same map there, in all threads, or with `{ across: 'processes' }` in all
 * processes of this machine. {@link SharedMap} says what happens at the same time.
 *
 * @param options `keys`: an integer type, `f64` (compared as by `Map`), `text(n)` or `bytes(n)`; `values`: an element type or a
 *   struct; `capacity`: entries at most, an integer ≥ 1; `timeoutMs`: how long to wait for a thread that does not go on (5000);
 *   `across`: who sees it, `'threads'` (default) or `'processes'`
 * @throws TypeError or RangeError for options that are none
 * @throws MissingPackageError, UnsupportedError, SharedMemoryError across processes: without koffi, on Windows, without room
 *
 * @example
 * ```ts
 * import { sharedMap, text, u32 } from 'tutti/structures';
 * import { forEach } from 'tutti';
 *
 * const counts = sharedMap({ keys: text(32), values: u32, capacity: 1000 });
 * await forEach(['to be or', 'not to be'], (line) => {
 *   for (const word of line.split(' ')) counts.add(word);
 * });
 * counts.get('be'); // => 2
 * counts.size; // => 4
 * ```
 */
export function sharedMap<const K extends KeySpec, const V extends ValueSpec>(
  options: SharedMapOptions<K, V>,
): SharedMap<K, V> {
  const { keys, values, capacity, timeoutMs = DEFAULT_TIMEOUT_MS, across: who } = checkOptions(options);
  if (capacity === undefined)
    throw new TypeError('sharedMap(): option `capacity` is missing: the most entries that it is to hold');
  const message = { keys: keys as K, values: values as V, capacity, timeoutMs };
  return new SharedMap<K, V>(message, (byteLength) => allocate('a SharedMap', byteLength, who));
}
