/** 64-bit words that hold safe integers: counted atomically, handed out as numbers. */
import { show } from '../base/options.ts';

/** @throws TypeError for what is no number, RangeError for what is no safe integer */
export function checkInteger(owner: string, what: string, value: unknown): void {
  if (typeof value !== 'number')
    throw new TypeError(`${owner}(): the ${what} must be a number, but got ${show(value)}`);
  if (!Number.isSafeInteger(value))
    throw new RangeError(
      `${owner}(): the ${what} must be an integer that a number holds exactly (below 2^53), but got ${value}`,
    );
}

export function loadInteger(words: BigInt64Array, at: number): number {
  return Number(Atomics.load(words, at));
}

export function storeInteger(owner: string, words: BigInt64Array, at: number, value: number): void {
  checkInteger(owner, 'value', value);
  Atomics.store(words, at, BigInt(value));
}

/**
 * Adds and gives the sum, which is never out of range for others either: it is written only when it fits.
 *
 * Lock-free: an attempt fails only because another thread's succeeded.
 */
export function addInteger(owner: string, words: BigInt64Array, at: number, delta: number): number {
  checkInteger(owner, 'number to add', delta);
  for (let seen = Atomics.load(words, at); ;) {
    const sum = Number(seen) + delta;
    if (!Number.isSafeInteger(sum))
      throw new RangeError(
        `${owner}(): ${seen} + ${delta} is more than a number holds exactly (2^53 − 1); nothing was added`,
      );
    const found = Atomics.compareExchange(words, at, seen, BigInt(sum));
    if (found === seen) return sum;
    seen = found;
  }
}

export function compareExchangeInteger(
  owner: string,
  words: BigInt64Array,
  at: number,
  expected: number,
  replacement: number,
): number {
  checkInteger(owner, 'expected value', expected);
  checkInteger(owner, 'replacement', replacement);
  return Number(Atomics.compareExchange(words, at, BigInt(expected), BigInt(replacement)));
}
