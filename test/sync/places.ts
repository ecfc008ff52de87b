/** Where the primitives are tested: threads, and processes where koffi is installed. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { processes, threads, type Executor } from 'tutti';
import type { SyncOptions } from 'tutti/sync';
import { missing } from '../memory/mapped.ts';

export interface Place {
  readonly name: 'threads' | 'processes';
  /** The pool of this file: three workers. */
  readonly pool: () => Executor;
  /** What makes an object for this place. */
  readonly options: (name?: string) => SyncOptions;
  readonly skip: string | false;
}

/** A cancelled task that waits sees that by itself, however long a busy machine takes: its worker is not ended for it. */
const options = { workers: 3, graceMs: 60_000 };

/** An asynchronous wait keeps no process alive, also not this one. */
const alive = setInterval(() => undefined, 10_000);

const pools = new Map<string, Executor>();
after(async () => {
  clearInterval(alive);
  for (const pool of pools.values()) await pool.close();
});

function once(name: string, make: () => Executor): Executor {
  const pool = pools.get(name) ?? make();
  pools.set(name, pool);
  return pool;
}

export const places: readonly Place[] = [
  {
    name: 'threads',
    pool: () => once('threads', () => threads(options)),
    options: (name) => ({ name }),
    skip: false,
  },
  {
    name: 'processes',
    pool: () => once('processes', () => processes(options)),
    options: (name) => ({ across: 'processes', name }),
    skip: missing,
  },
];

/** Limits of a test that may wait for starting workers. */
export const limits = (place?: Place): { timeout: number; skip: string | false } => ({
  timeout: 60_000,
  skip: place?.skip ?? false,
});

/** Waits until something is so that others do; fails after half a minute. */
export async function until(what: string, test: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !test();) {
    assert.ok(performance.now() < end, `waited in vain until ${what}`);
    await sleep(2);
  }
}

/** Somebody has found the lock in word 0 taken, and sleeps or is about to. */
export function isContended(lock: { readonly memory: { readonly words: Int32Array } }): boolean {
  return Atomics.load(lock.memory.words, 0) < 0;
}

/** So many wait at a condition, called ones not counted. */
export function seated(condition: { readonly memory: { readonly words: Int32Array } }): number {
  const { words } = condition.memory;
  let count = 0;
  for (let at = 4; at < words.length; at += 2) if (Atomics.load(words, at) > 0) count++;
  return count;
}

/** What a promise is rejected with. */
export async function reasonOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('it was not rejected');
}

/** A signal that has aborted for `reason`. */
export const aborted = (reason: unknown): AbortSignal => AbortSignal.abort(reason);
