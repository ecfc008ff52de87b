/**
 * Reproducible random numbers: one stream per item, derived from the task's seed and the item's index alone, so that
 * neither the number of workers nor the order of the work shows in the numbers.
 */
import { createRequire } from 'node:module';
import type * as Xoroshiro from 'pure-rand/generator/xoroshiro128plus';

// The generator is loaded at the first use, not at import: workers start faster, most tasks draw no random number.
let xoroshiro: typeof Xoroshiro | undefined;

/**
 * The random stream of item `index` under `seed`: a function that returns the next number in [0, 1), a multiple of 2⁻⁵³.
 *
 * The generator is xoroshiro128+ (Blackman & Vigna 2018, period 2¹²⁸ − 1). Its 128 bits of state come from hashing all
 * bits of seed and index together, so that neighbouring items, or the same items under neighbouring seeds, have unrelated
 * streams: the method of O'Neill's `seed_seq_fe` ("Developing a seed_seq Alternative", 2015) in the form of NumPy's
 * `SeedSequence(seed, spawn_key=(index,)).generate_state(4)`, whose words it reproduces.
 *
 * @param seed an integer from 0 to 2⁵³ − 1
 * @param index an integer from 0 to 2⁵³ − 1
 * @throws RangeError when either is not
 */
export function itemStream(seed: number, index: number): () => number {
  const state = streamState(seed, index);
  xoroshiro ??= createRequire(import.meta.url)('pure-rand/generator/xoroshiro128plus') as typeof Xoroshiro;
  const generator = xoroshiro.xoroshiro128plusFromState(state);
  // pure-rand gives the low half of each 64-bit output. 27 + 26 bits from the upper ends of two of them: the lowest
  // bits of a "+" generator are its weak ones.
  return () => {
    const high = generator.next() >>> 5;
    const low = generator.next() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  };
}

// Constants of O'Neill's seed_seq_fe128, as in NumPy's bit_generator.pyx.
const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_L = 0xca01f9dd;
const MIX_R = 0x4973f715;

/** Four 32-bit words of generator state from all bits of `seed` and `index`. Exported for its tests. */
export function streamState(seed: number, index: number): [number, number, number, number] {
  const words = [...uint32Words('seed', seed), 0];
  while (words.length < 4) words.push(0); // a spawn key follows the entropy padded to the size of the pool
  words.length = 4;
  words.push(...uint32Words('index', index));

  let constant = INIT_A;
  const hash = (word: number) => {
    const mixed = word ^ constant;
    constant = Math.imul(constant, MULT_A);
    const product = Math.imul(mixed, constant);
    return product ^ (product >>> 16);
  };
  const mix = (x: number, y: number) => {
    const sum = (Math.imul(MIX_L, x) - Math.imul(MIX_R, y)) | 0;
    return sum ^ (sum >>> 16);
  };

  const pool: number[] = [];
  for (let i = 0; i < 4; i++) pool.push(hash(words[i] as number));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from !== to) pool[to] = mix(pool[to] as number, hash(pool[from] as number));
    }
  }
  for (let from = 4; from < words.length; from++) {
    for (let to = 0; to < 4; to++) pool[to] = mix(pool[to] as number, hash(words[from] as number));
  }

  constant = INIT_B;
  const draw = (word: number) => {
    const mixed = word ^ constant;
    constant = Math.imul(constant, MULT_B);
    const product = Math.imul(mixed, constant);
    return product ^ (product >>> 16);
  };
  const state: [number, number, number, number] = [0, 0, 0, 0];
  for (let i = 0; i < 4; i++) state[i] = draw(pool[i] as number);
  // The one state that xoroshiro never leaves. One (seed, index) in 2¹²⁸ would meet it.
  if ((state[0] | state[1] | state[2] | state[3]) === 0) state[0] = 1;
  return state;
}

/** Little-endian 32-bit words of a number, without leading zero words; `[0]` for 0. */
function uint32Words(name: string, value: number): number[] {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} of a random stream must be an integer from 0 to 2^53 - 1, but is ${value}`);
  }
  const high = Math.floor(value / 0x1_0000_0000);
  return high === 0 ? [value | 0] : [value | 0, high];
}
