/** A worker that is to go does so whenever the last of what it held has ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shared, threads } from 'tutti';
import { until } from '../conformance/subject.ts';

const timeout = 30_000;

test('while a flood is submitted, within one turn of the event loop', { timeout }, async () => {
  const pool = threads({ workers: 2 });
  const next = (x: number): number => x + 1;
  await Promise.all(Array.from({ length: 2000 }, (_, k) => pool.submit(next, k)));
  const begun = shared(Int32Array, 1);
  const slowly = (count: Int32Array, ms: number): void => {
    Atomics.add(count, 0, 1);
    for (const end = performance.now() + ms; performance.now() < end;);
  };
  // Both workers have the function: from now on its ends come through the ring.
  for (let k = 0; k < 3; k++)
    await Promise.all([pool.submit(slowly, begun, 10), pool.submit(slowly, begun, 10)]);
  begun[0] = 0;
  const slow = [pool.submit(slowly, begun, 30), pool.submit(slowly, begun, 30)];
  await until('both workers are busy', () => begun[0] === 2);
  pool.resize(1);
  // What the one that is to go holds ends before this thread looks.
  Atomics.wait(begun, 0, 2, 200);
  const flood = Array.from({ length: 5000 }, (_, k) => pool.submit(next, k));
  assert.deepEqual(
    await Promise.all(flood),
    Array.from({ length: 5000 }, (_, k) => k + 1),
  );
  await Promise.all(slow);
  await until('one worker is left', () => pool.stats().alive === 1);
  await pool.close();
});

test('when nothing of what it was given could be sent', { timeout }, async () => {
  const pool = threads({ workers: 1 });
  await pool.submit(() => 0);
  const unsendable = new ArrayBuffer(8);
  structuredClone(unsendable, { transfer: [unsendable] });
  const sent = pool.broadcast((view: unknown) => view, unsendable).catch((error: unknown) => error);
  pool.resize(1);
  assert.ok((await sent) instanceof Error);
  await pool.close();
});
