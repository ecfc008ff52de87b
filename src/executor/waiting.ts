/**
 * Sleeping on shared words, and waking who sleeps there.
 *
 * Words of a SharedArrayBuffer have `Atomics.wait` and `notify`. Memory that several processes map has neither: whoever maps
 * it says once, by {@link waitBy}, how its words are waited for.
 */
export interface Waiting {
  /** Blocks while `words[at]` is `value`, at most `ms`; may return for no reason. */
  wait(words: Int32Array, at: number, value: number, ms: number): void;
  /** The next call of {@link wake} on this word, from wherever; may resolve for no reason. */
  waitAsync(words: Int32Array, at: number): Promise<unknown>;
  /** Wakes who waits for a word: in its event loop (`waitAsync`), or else blocked. */
  wake(words: Int32Array, at: number, inEventLoop: boolean): void;
}

const ways = new WeakMap<ArrayBufferLike, Waiting>();

/** From now on the words of `buffer` are waited for by `waiting`. */
export function waitBy(buffer: ArrayBufferLike, waiting: Waiting): void {
  ways.set(buffer, waiting);
}

/** Blocks while `words[at]` is `value`, at most `ms`; may return for no reason. */
export function waitOn(words: Int32Array, at: number, value: number, ms: number): void {
  const way = ways.get(words.buffer);
  if (way === undefined) Atomics.wait(words as Int32Array<SharedArrayBuffer>, at, value, ms);
  else way.wait(words, at, value, ms);
}

/** As `Atomics.waitAsync`; false when the word is not `value` any more. */
export function waitAsync(words: Int32Array, at: number, value: number): false | Promise<unknown> {
  const way = ways.get(words.buffer);
  if (way === undefined) {
    const wait = Atomics.waitAsync(words as Int32Array<SharedArrayBuffer>, at, value);
    return wait.async && wait.value;
  }
  // Who changes the word wakes afterwards: a wake that comes from here on finds the promise.
  const woken = way.waitAsync(words, at);
  return Atomics.load(words, at) === value && woken;
}

/** Wakes who waits for `words[at]`, blocked or, as the caller must know, in its event loop. */
export function wake(words: Int32Array, at: number, inEventLoop = false): void {
  const way = ways.get(words.buffer);
  if (way === undefined) Atomics.notify(words, at);
  else way.wake(words, at, inEventLoop);
}
