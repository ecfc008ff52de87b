import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readFileSync, statfsSync, writeSync } from 'node:fs';
import { constants } from 'node:buffer';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mapFile, segment, shared, threads, unmap } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';
import { folder, missing, notLinux } from './mapped.ts';

after(assertNoLeaks);

const LENGTH = 750_000_000;
const WORKERS = 2;
/** Private memory that a worker may take while it goes through the file. */
const PRIVATE_BYTES = 200e6;

function skip(): string | false {
  if (notLinux !== false) return notLinux;
  if (constants.MAX_LENGTH < 8 * LENGTH)
    return `Node ${process.versions.node} has no buffers over ${constants.MAX_LENGTH / 2 ** 30} GiB`;
  const TMPFS = 0x0102_1994;
  if (statfsSync(folder).type === TMPFS)
    return `${folder} is in memory: a sparse file takes memory when it is read there`;
  return false;
}

/** A file of 6 GB that takes a few blocks on the disk: zeros, but for a 1 in some places. */
function sparse(ones: readonly number[]): string {
  const path = join(folder, 'larger.f64');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, 8 * LENGTH);
  for (const at of ones) writeSync(fd, Float64Array.of(1), 0, 8, 8 * at);
  closeSync(fd);
  return path;
}

/** Memory of this process that is no file's. */
function privateBytes(): number {
  return 1024 * Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
}

/** Runs `f` and checks what it takes meanwhile. */
async function within<T>(f: () => Promise<T>): Promise<T> {
  const before = privateBytes();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, privateBytes())), 10);
  try {
    return await f();
  } finally {
    clearInterval(timer);
    const taken = Math.max(most, privateBytes()) - before;
    assert.ok(taken < WORKERS * PRIVATE_BYTES, `it took ${Math.round(taken / 1e6)} MB of private memory`);
  }
}

test(
  'a file of 6 GB is worked on by workers that map it, without being loaded',
  { timeout: 280_000, skip: skip() },
  async (t) => {
    const numbers = mapFile(sparse([0, 5, LENGTH / 2, LENGTH - 8, LENGTH - 1]), Float64Array);
    const pool = threads({ workers: WORKERS });
    t.after(() => pool.terminate());
    await pool.broadcast(() => 0);
    const ones = shared(Int32Array, 1);
    const STEP = 1_000_000;
    await within(() =>
      pool.for(LENGTH / STEP, (i) => {
        let sum = 0;
        for (let k = i * STEP; k < (i + 1) * STEP; k++) sum += numbers[k]!;
        Atomics.add(ones, 0, sum);
      }),
    );
    assert.equal(ones[0], 5, 'for, over a captured file');
    const starts = Array.from({ length: 75 }, (_, i) => i * 10_000_000);
    const far = await within(() => pool.map(starts, (from) => numbers[from + 9_999_999]! + numbers[from]!));
    assert.equal(
      far.reduce((a, b) => a + b),
      2,
      'map, over a captured file',
    );
    assert.equal(await within(() => pool.reduce(numbers, (a, b) => a + b, 0)), 5, 'reduce over its numbers');
    ones[0] = 0;
    const tail = numbers.subarray(LENGTH - 40_000_000);
    await within(() =>
      pool.forEach(tail, (x) => {
        if (x !== 0) Atomics.add(ones, 0, x);
      }),
    );
    assert.equal(ones[0], 2, 'forEach over a part of it');
    let seen = 0;
    for await (const x of pool.stream(numbers, (x) => x + 1)) {
      seen += x;
      if (seen > 1000) break;
    }
    assert.equal(seen, 1001, 'stream, as far as it is read');
    unmap(numbers);
  },
);

const large = { timeout: 60_000, skip: missing };

test('numbers of a mapped file or segment are the same items, in every part', large, async (t) => {
  const pool = threads({ workers: WORKERS });
  t.after(() => pool.terminate());
  const length = 1_500_000;
  const path = join(folder, 'items.f64');
  const made = mapFile(path, Float64Array, length + 3, { mode: 'shared', create: true });
  const wide = shared(Float64Array, length + 3, { across: 'processes' });
  for (let i = 0; i < length + 3; i++) made[i] = wide[i] = i;
  const random = (x: number): number => (Math.random() < 2 ? x * 2 : 0);
  for (const array of [made, wide, mapFile(path, Float64Array, length + 3, { byteOffset: 0 })]) {
    const items = (array as Float64Array).subarray(3);
    const doubled = await pool.map(items, random);
    assert.equal(doubled.length, length);
    assert.ok(doubled.every((x, i) => x === (i + 3) * 2));
    assert.equal(await pool.reduce(items, (a, b) => a + b), ((length + 5) * length) / 2);
    assert.equal(await pool.findIndex(items, (x) => x === length), length - 3);
  }
  const counts = mapFile(path, BigInt64Array);
  const [bits] = new BigInt64Array(Float64Array.of(7).buffer);
  assert.equal(await pool.findIndex(counts, (x) => x === bits), 7);
  unmap(made);
});

test('an error among mapped items names its index', large, async (t) => {
  const pool = threads({ workers: WORKERS });
  t.after(() => pool.terminate());
  const { buffer } = segment(8 * 1_200_000);
  const items = new Float64Array(buffer);
  items[1_100_000] = 1;
  await assert.rejects(
    pool.forEach(items, (x) => {
      if (x === 1) throw new RangeError('here');
    }),
    (error: Error) => error.message === 'here' && /1100000/.test(error.stack!),
  );
  unmap(items);
});
