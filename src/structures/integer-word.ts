/**
 * Words that hold safe integers: counted atomically, handed out as numbers.
 *
 * They are kept as the bits of a double, which holds all of them exactly: making a `bigint` of a number takes longer
 * than the atomic operation itself.
 */
import { show } from '../base/options.ts';
import { bitsOf64, float64Of } from './bits.ts';

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
  return float64Of(Atomics.load(words, at));
}

export function storeInteger(owner: string, words: BigInt64Array, at: number, value: number): void {
  checkInteger(owner, 'value', value);
  Atomics.store(words, at, bitsOf(value));
}

/**
 * Adds and gives the sum, which is never out of range for others either: it is written only when it fits.
 *
 * Lock-free: an attempt fails only because another thread's succeeded.
 */
export function addInteger(owner: string, words: BigInt64Array, at: number, delta: number): number {
  checkInteger(owner, 'number to add', delta);
  for (let seen = Atomics.load(words, at); ;) {
    const before = float64Of(seen);
    const sum = before + delta;
    if (!Number.isSafeInteger(sum))
      throw new RangeError(
        `${owner}(): ${before} + ${delta} is more than a number holds exactly (2^53 − 1); nothing was added`,
      );
    const found = Atomics.compareExchange(words, at, seen, bitsOf(sum));
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
  return float64Of(Atomics.compareExchange(words, at, bitsOf(expected), bitsOf(replacement)));
}

/** One integer, one pattern of bits: −0 is 0. */
function bitsOf(integer: number): bigint {
  return bitsOf64(integer + 0);
}
