/** What the conformance suite runs on: one backend, what it claims to be able to do, and pools of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Capabilities } from '#src/executor/backend.js';
import { shared, type Executor, type ExecutorOptions } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';

/**
 * Everything a test may need of a backend. `several`: as many workers as one asks for, which come and go. `sharedArrays`: what
 * the subject's `shared` makes is the same memory in workers.
 */
export type Need = keyof Capabilities | 'several' | 'sharedArrays';

export type Claims = Readonly<Record<Need, boolean>>;

/** What both ways of running worker processes claim. */
export const claimsOfProcesses: Claims = {
  sharedMemory: false,
  killable: true,
  isolated: true,
  blocking: true,
  several: true,
  sharedArrays: true,
};

/** A backend under test. */
export interface Subject {
  readonly name: string;
  readonly claims: Claims;
  /** A pool of the test's own; closed at the end of the test. */
  readonly open: (options?: ExecutorOptions) => Executor;
  /** One pool of two workers for all tests that ask nothing special of it. */
  readonly pool: () => Executor;
  /** Makes arrays that tasks and tests both see. */
  readonly shared: typeof shared;
  /** Declares a test; it is skipped, visibly, when the backend lacks what it needs. */
  readonly test: (title: string, body: () => Promise<void> | void, ...needs: Need[]) => void;
}

/** Longest time of one test. Only what hangs comes near it. */
const timeout = 30_000;

/** A subject whose pools are closed at the end of the test, or of the file. */
export function subjectOf(
  name: string,
  open: (options?: ExecutorOptions) => Executor,
  claims: Claims,
): Subject {
  let pool: Executor | undefined;
  let opened: Executor[] = [];
  after(async () => {
    await pool?.close();
    await assertNoLeaks();
  });
  return {
    name,
    claims,
    open: (options) => {
      const one = open(options);
      opened.push(one);
      return one;
    },
    shared: sharedOf(claims),
    pool: () => (pool ??= open({ workers: 2 })),
    test: (title, body, ...needs) => {
      const missing = needs.filter((need) => !claims[need]);
      const skip = missing.length > 0 ? `${name} does not claim: ${missing.join(', ')}` : false;
      test(`${name}: ${title}`, { timeout, skip }, async () => {
        try {
          await body();
        } finally {
          const mine = opened;
          opened = [];
          await Promise.all(mine.map((one) => one.terminate()));
        }
      });
    },
  };
}

/** Arrays that tests and the tasks of a backend both see. */
export function sharedOf(claims: Claims): typeof shared {
  if (claims.sharedMemory) return shared;
  return ((Ctor: Int32ArrayConstructor, n: number) =>
    shared(Ctor, n, { across: 'processes' })) as unknown as typeof shared;
}

/** What a promise rejects with; fails when it does not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  assert.fail(`expected a rejection, but got ${String(value)}`);
}

/** What a call throws; fails when it does not. */
export function thrown(call: () => unknown): unknown {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    return error;
  }
  assert.fail(`expected an error, but got ${String(value)}`);
}

/** Waits until `done()`; fails after ten seconds, naming `what`. */
export async function until(what: string, done: () => boolean): Promise<void> {
  const since = performance.now();
  while (!done()) {
    if (performance.now() - since > 10_000) assert.fail(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The promise, or an error after `ms` that names what did not end. */
export async function within<T>(ms: number, what: string, promise: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} did not end` })), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads an async iterable to its end. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** `0, 1, …, n - 1`. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, k) => k);
}
