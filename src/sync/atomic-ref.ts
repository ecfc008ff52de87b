/** One value of any kind that all threads see. */
import { integer, optionChecker } from '../base/options.ts';
import * as lock from './lock-word.ts';
import { decodeNow, encodeValue, type Encoded } from './store.ts';
import { Arrived, SyncObject, syncRules, travelsAs } from './sync-object.ts';
import type { ValuesOptions } from './values.ts';
import { block } from './waiting.ts';

const check = optionChecker('new AtomicRef', { ...syncRules, bytes: integer({ min: 64, max: 2 ** 30 }) });
const word = { lock: 0, version: 1, kind: 2, byteLength: 3, number: 4, bytes: 8 } as const;

/**
 * A reference that any thread reads and replaces in one step: a configuration, the best solution so far, who is in charge.
 *
 * The value is copied in and out, by the rules of {@link Channel}: whoever reads gets a copy, and what it does to that nobody sees
 * before it is set. Reading and setting wait for each other, for as long as a copy takes, on any thread. Its holder cannot die in code
 * of the program: none runs under its lock.
 *
 * @example
 * ```ts
 * import { threads } from 'tutti';
 * import { AtomicRef } from 'tutti/sync';
 *
 * const best = new AtomicRef({ x: NaN, cost: Infinity });
 * await using pool = threads({ workers: 2 });
 * await pool.forEach([4, -2, 1], (x) => {
 *   const cost = (x - 1) ** 2;
 *   best.update((found) => (cost < found.cost ? { x, cost } : found));
 * });
 * best.value; // => { x: 1, cost: 0 }
 * ```
 */
export class AtomicRef<T> extends SyncObject {
  readonly #words: Int32Array;
  readonly #number: Float64Array;
  readonly #bytes: Uint8Array;

  /**
   * @param value what it refers to at first
   * @param options `bytes`: room for the value, default 4096
   * @throws CaptureError when the value cannot travel; RangeError when it is larger than `bytes`
   */
  constructor(value: T | Arrived, options?: ValuesOptions) {
    const arrived = value instanceof Arrived;
    const { bytes = 4096, ...sync } = arrived ? {} : check(options);
    super(word.bytes + Math.ceil(bytes / 4), arrived ? value : sync);
    const { words } = this.memory;
    const at = words.byteOffset;
    this.#words = words;
    this.#number = new Float64Array(words.buffer, at + word.number * 4, 1);
    this.#bytes = new Uint8Array(words.buffer, at + word.bytes * 4, (words.length - word.bytes) * 4);
    if (!arrived) this.value = value;
  }

  /** A copy of the value. @throws UnsupportedError when a class in it has to be imported first; AbandonedError */
  get value(): T {
    return this.#decode(this.#locked(() => this.#read()));
  }

  set value(value: T) {
    const encoded = this.#encode(value);
    this.#locked(() => this.#write(encoded));
  }

  /** Sets the value; returns a copy of the one before. */
  exchange(value: T): T {
    const encoded = this.#encode(value);
    return this.#decode(
      this.#locked(() => {
        const before = this.#read();
        this.#write(encoded);
        return before;
      }),
    );
  }

  /** Sets it to `next(value)`, which may be called several times, as often as others are faster; returns the new value. */
  update(next: (value: T) => T): T {
    for (;;) {
      const { version, encoded } = this.#locked(() => ({
        version: this.#words[word.version],
        encoded: this.#read(),
      }));
      const value = next(this.#decode(encoded));
      const replacement = this.#encode(value);
      const done = this.#locked(() => {
        if (this.#words[word.version] !== version) return false;
        this.#write(replacement);
        return true;
      });
      if (done) return value;
    }
  }

  #locked<R>(act: () => R): R {
    return block(this, lock.briefly(this, this.memory, word.lock, act));
  }

  #encode(value: T): Encoded {
    const encoded = encodeValue(value, 'value');
    const { byteLength } = encoded.bytes;
    if (byteLength <= this.#bytes.byteLength) return encoded;
    throw new RangeError(
      `${this.describe()} has room for ${this.#bytes.byteLength} bytes, and the value has ${byteLength}; make it with more \`bytes\``,
    );
  }

  #decode(encoded: Encoded): T {
    return decodeNow(encoded, this.describe()) as T;
  }

  #read(): Encoded {
    const words = this.#words;
    return {
      kind: words[word.kind] as number,
      number: this.#number[0] as number,
      bytes: this.#bytes.slice(0, words[word.byteLength]),
    };
  }

  #write({ kind, number, bytes }: Encoded): void {
    const words = this.#words;
    words[word.version] = ((words[word.version] as number) + 1) | 0;
    words[word.kind] = kind;
    words[word.byteLength] = bytes.byteLength;
    this.#number[0] = number;
    this.#bytes.set(bytes);
  }
}

travelsAs(import.meta.url, { AtomicRef });
