/** What both soaks look at: time, and memory. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Longest time of one call; only what hangs comes near it. */
const callMs = 30_000;
const heapGrowth = 24 * 2 ** 20;
const rssGrowth = 256 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export async function collectGarbage(): Promise<void> {
  collect();
  await sleep(10);
  collect();
}

export async function inTime(name: string, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${name} did not end` })), callMs);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Neither has grown: the last third is not much larger than the first, its own first eras left out. */
export function assertFlat(heap: readonly number[], rss: readonly number[]): void {
  flat('heap', heap, heapGrowth);
  flat('resident memory', rss, rssGrowth);
}

function flat(what: string, bytes: readonly number[], allowed: number): void {
  if (bytes.length < 4) return;
  const third = Math.ceil(bytes.length / 3);
  const first = median(bytes.slice(1, 1 + third));
  const last = median(bytes.slice(-third));
  assert.ok(last - first < allowed, `${what} grew from ${megabytes(first)} to ${megabytes(last)}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function megabytes(bytes = 0): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
