/** Shared words that threads sleep on: over a SharedArrayBuffer, or over a segment for all processes. */
import { types } from 'node:util';
import { CaptureError } from '../base/errors.ts';
import { SharedWord } from '../memory/futex.ts';
import { mappingOf } from '../memory/mapped.ts';
import { segment } from '../memory/segment.ts';

/** Words, and how to sleep on one of them. All times in milliseconds. */
export interface Words {
  readonly words: Int32Array;
  /** All processes of the machine may see them. */
  readonly across: boolean;
  /** Blocks this thread while the word `at` is `value`, at most `ms`; may return for no reason. Whether somebody may have woken it. */
  wait(at: number, value: number, ms: number): boolean;
  /** The same without blocking: undefined when the word is not `value` any more. */
  waitAsync(at: number, value: number, ms: number): Promise<boolean> | undefined;
  /** Wakes at most `count` of those who sleep on the word, blocked or not. */
  notify(at: number, count: number): void;
}

/** New words for the threads of this process; zeros. */
export function threadWords(byteLength: number): Words {
  return new ThreadWords(new Int32Array(new SharedArrayBuffer(byteLength)));
}

/** New words; with `across` for all processes (needs koffi). */
export function wordsOver(byteLength: number, across: boolean): Words {
  return across ? new ProcessWords(new Int32Array(segment(byteLength).buffer)) : threadWords(byteLength);
}

/** The words that an array from elsewhere shows; `what` names the object that it is part of. */
export function wordsFrom(words: Int32Array, what: string): Words {
  if (types.isSharedArrayBuffer(words.buffer)) return new ThreadWords(words);
  if (mappingOf(words.buffer)?.shared === true) return new ProcessWords(words);
  throw new CaptureError(
    `cannot use this ${what} here: it was made for the threads of another process, and its memory was copied; ` +
      `make it with new ${what}(…, { across: 'processes' })`,
    { path: what },
  );
}

class ThreadWords implements Words {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly across = false;

  constructor(words: Int32Array) {
    this.words = words as Int32Array<SharedArrayBuffer>;
  }

  wait(at: number, value: number, ms: number): boolean {
    return Atomics.wait(this.words, at, value, ms) !== 'timed-out';
  }

  waitAsync(at: number, value: number, ms: number): Promise<boolean> | undefined {
    const wait = Atomics.waitAsync(this.words, at, value, ms);
    return wait.async ? wait.value.then((how) => how === 'ok') : undefined;
  }

  notify(at: number, count: number): void {
    Atomics.notify(this.words, at, count);
  }
}

class ProcessWords implements Words {
  readonly words: Int32Array;
  readonly across = true;
  readonly #sleepers: SharedWord[] = [];

  constructor(words: Int32Array) {
    this.words = words;
  }

  wait(at: number, value: number, ms: number): boolean {
    return this.#word(at).wait(value, ms);
  }

  waitAsync(at: number, value: number, ms: number): Promise<boolean> | undefined {
    return Atomics.load(this.words, at) === value ? this.#word(at).waitAsync(value, ms) : undefined;
  }

  notify(at: number, count: number): void {
    this.#word(at).wake(Math.min(count, 0x7fff_ffff));
  }

  #word(at: number): SharedWord {
    return (this.#sleepers[at] ??= new SharedWord(this.words, at));
  }
}
