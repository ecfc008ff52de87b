/** What a real problem is: the serial loop, the same on our pool and as tasks of any pool, and how to tell that it is right. */
import type { Executor } from 'tutti';
import type { Scale } from '../suite.ts';
import type * as kernels from './kernels.ts';

/** Runs a kernel as a task of a pool. */
export type RunKernel = (kernel: keyof typeof kernels, argument: unknown) => Promise<unknown>;

/** A problem with its input at hand. */
export interface Prepared {
  /** Brings the input back to where it was; not timed. */
  reset?(): void;
  serial(): unknown;
  threads(pool: Executor): Promise<unknown>;
  tasks(run: RunKernel): Promise<unknown>;
  /** Throws when a result is wrong. */
  check(result: unknown): void;
}

export interface Problem {
  readonly title: string;
  /** What is computed, how large, and how the result is checked. */
  readonly about: string;
  /** Arguments of `bench/c/<name>.c`, `bench/python/problems.py` gets the same; absent where there is no C version. */
  readonly c?: (scale: Scale) => readonly number[];
  /** Checks what the C or Python version printed. */
  checkOthers(values: Readonly<Record<string, number>>, scale: Scale): void;
  prepare(scale: Scale): Prepared;
}

/** Throws unless `value` is within `tolerance` (relative) of `wanted`. */
export function expectNear(what: string, value: number | undefined, wanted: number, tolerance: number): void {
  if (value !== undefined && Math.abs(value - wanted) <= tolerance * Math.abs(wanted)) return;
  throw new RangeError(`${what} is ${value} instead of ${wanted}`);
}

/** Pieces of a loop over `n` rows for pools without a loop of their own: eight per worker. */
export function ranges(n: number, pieces = 16): { from: number; to: number }[] {
  return Array.from({ length: pieces }, (_, p) => ({
    from: Math.floor((n * p) / pieces),
    to: Math.floor((n * (p + 1)) / pieces),
  }));
}
