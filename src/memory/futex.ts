/** Sleeping on a word of a segment until another thread or process wakes it: what `Atomics.wait` does not do there. */
import { mappingOf } from './mapped.ts';
import { native, type Futex } from './native.ts';

/** A blocking sleep is cut into pieces of this length, so that no lost wake-up lasts. */
const SLICE_MS = 1_000;
/** An asynchronous sleep takes a thread of libuv's pool, of which there are four for everything: few at once, not for long. */
const ASYNC_SLICE_MS = 50;
const MAX_ASYNC = 1;
/** How often those look that found no thread free, and everybody on systems without such a call. */
const POLL_MS = 2;

let sleeping = 0;

/** A word (an element of an `Int32Array`) of a segment, to wait on. */
export class SharedWord {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #address: number;
  readonly #futex: Futex | undefined;

  /** @throws TypeError when the array is not over a segment or a file that is mapped to be shared */
  constructor(words: Int32Array, index: number) {
    const mapping = mappingOf(words.buffer);
    if (mapping?.shared !== true) {
      throw new TypeError(
        "a word to wait on must be in a segment: shared(Int32Array, n, { across: 'processes' })",
      );
    }
    if (!Number.isInteger(index) || index < 0 || index >= words.length) {
      throw new RangeError(`there is no word ${index} in an array of length ${words.length}`);
    }
    this.#words = words;
    this.#index = index;
    this.#address = mapping.address + words.byteOffset + 4 * index;
    this.#futex = native('segment()').futex;
  }

  /**
   * Blocks until the word is not `value` any more, at most `timeoutMs`; whether it differs.
   *
   * Who changes the word calls {@link wake} afterwards; a change without it is seen within a second.
   */
  wait(value: number, timeoutMs = Infinity): boolean {
    const end = performance.now() + timeoutMs;
    while (this.#load() === value) {
      const left = end - performance.now();
      if (left <= 0) return false;
      if (this.#futex !== undefined) this.#futex.wait(this.#address, value, Math.min(left, SLICE_MS));
      else Atomics.wait(nobody(), 0, 0, Math.min(left, POLL_MS));
    }
    return true;
  }

  /** As {@link wait}, without blocking this thread. */
  async waitAsync(value: number, timeoutMs = Infinity): Promise<boolean> {
    const end = performance.now() + timeoutMs;
    while (this.#load() === value) {
      const left = end - performance.now();
      if (left <= 0) return false;
      if (this.#futex !== undefined && sleeping < MAX_ASYNC) {
        sleeping++;
        try {
          await this.#futex.waitAsync(this.#address, value, Math.min(left, ASYNC_SLICE_MS));
        } finally {
          sleeping--;
        }
      } else {
        await new Promise((resolve) => setTimeout(resolve, Math.min(left, POLL_MS)));
      }
    }
    return true;
  }

  /** Wakes at most `count` of those who wait, here and in all other processes. */
  wake(count = 1): void {
    // A buffer that was released has no memory any more: its address may be somebody else's.
    if (this.#words.length > 0) this.#futex?.wake(this.#address, count);
  }

  #load(): number {
    return Atomics.load(this.#words, this.#index); // throws a TypeError when the buffer was released
  }
}

let word: Int32Array | undefined;
function nobody(): Int32Array {
  word ??= new Int32Array(new SharedArrayBuffer(4));
  return word;
}
