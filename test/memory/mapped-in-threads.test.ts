import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mapFile, segment, shared, threads, unmap } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';
import { folder, missing } from './mapped.ts';

const options = { timeout: 30_000, skip: missing };
after(assertNoLeaks);

test(
  'tasks of threads() work on the same segment, as argument, captured, and as result',
  options,
  async () => {
    const pool = threads({ workers: 2 });
    const out = shared(Float64Array, 1000, { across: 'processes' });
    await pool.for(out.length, (i) => {
      out[i] = i * 2;
    });
    assert.equal(out[999], 1998);
    const part = out.subarray(10, 20);
    const same = await pool.submit((xs: Float64Array) => {
      xs[0] = -1;
      return { xs, length: xs.length, buffer: xs.buffer };
    }, part as Float64Array);
    assert.equal(out[10], -1);
    assert.equal(same.length, 10);
    assert.equal(same.buffer, out.buffer);
    assert.equal(same.xs.byteOffset, 80);
    const bytes = Buffer.from(out.buffer as ArrayBuffer, 8, 8);
    assert.equal(await pool.submit((b: Buffer) => b.readDoubleLE(0), bytes), 2);
    const made = segment(16);
    const view = new DataView(made.buffer);
    await pool.submit(() => view.setInt8(3, 7));
    assert.equal(view.getInt8(3), 7);
    made.release();
    await pool.close();
  },
);

test('tasks of threads() map the same file; a private copy is copied', options, async () => {
  const path = join(folder, 'values.f32');
  writeFileSync(path, Float32Array.from(Array.from({ length: 10_000 }, (_, i) => i)));
  const pool = threads({ workers: 2 });
  const values = mapFile(path, Float32Array);
  const sums = await pool.map([0, 5000], (from) => {
    let sum = 0;
    for (let i = from; i < from + 5000; i++) sum += values[i]!;
    return sum;
  });
  assert.equal(sums[0]! + sums[1]!, (10_000 * 9_999) / 2);
  const copy = mapFile(path, Float32Array, 3, { mode: 'copy' });
  copy[0] = 5;
  const [first, theirs] = await pool.submit((xs: Float32Array) => {
    const before = xs[0];
    xs[0] = 99;
    return [before, xs[0]];
  }, copy);
  assert.deepEqual([first, theirs, copy[0]], [5, 99, 5]);
  assert.deepEqual(await pool.map(copy, (x) => x + 1), [6, 2, 3]);
  unmap(values);
  await pool.close();
});
