import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { shared, threads, type Executor } from 'tutti';
import { rejection, until } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';

const timeout = 30_000;
after(assertNoLeaks);

/** Ends when the gate is opened, or much later. */
const waitAt = (gate: Int32Array) => Atomics.wait(gate, 0, 0, 10_000);

function open(gate: Int32Array): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

test('workers that end cancelled tasks one after the other are free again', { timeout }, async () => {
  const gates = [shared(Int32Array, 1), shared(Int32Array, 1)] as const;
  const pool = threads({ workers: 2, graceMs: 60_000 });
  const tasks = gates.map((gate) => pool.submit(waitAt, gate));
  await until('both run', () => pool.stats().busy === 2);
  const outcomes = tasks.map((task) => rejection(task));
  for (const task of tasks) task.cancel(new RangeError('enough'));
  for (const outcome of outcomes) assert.ok((await outcome) instanceof RangeError);
  open(gates[0]);
  await until('the first is free', () => pool.stats().busy === 1);
  open(gates[1]);
  await until('both are free', () => pool.stats().busy === 0);
  await pool.close();
});

test('small calls that were cancelled while they ran do not hold up close()', { timeout }, async () => {
  const words = shared(Int32Array, 2);
  const pool = threads({ workers: 2, graceMs: 60_000 });
  const hold = (k: number) => {
    Atomics.store(words, k, 1);
    Atomics.wait(words, k, 1, 10_000);
    return k;
  };
  for (let round = 0; round < 3; round++) {
    words.fill(0);
    const tasks = [0, 1].map((k) => pool.submit(hold, k));
    await until('both run', () => words[0] === 1 && words[1] === 1);
    for (const task of tasks) {
      task.cancel();
      task.catch(() => undefined);
    }
    if (round === 2) break;
    for (const k of [0, 1]) {
      Atomics.store(words, k, 2);
      Atomics.notify(words, k);
      await until('one ends', () => pool.stats().busy <= 1 - k);
    }
  }
  const closed = pool.close();
  for (const k of [0, 1]) {
    Atomics.store(words, k, 2);
    Atomics.notify(words, k);
    await until('one is gone', () => pool.stats().alive <= 1 - k);
  }
  await closed;
});

/** Calls of one function that captures nothing, which come through the ring; a negative one waits at the gate. */
const run = (ms: number) => {
  if (ms < 0) return Atomics.wait((globalThis as unknown as { gate: Int32Array }).gate, 0, 0, 10_000);
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
};

for (const [before, first] of [
  ['a blocking call', (pool: Executor) => pool.submitSync(run, 0)],
  ['an awaited call', (pool: Executor) => pool.submit(run, 0)],
] as const) {
  test(`after ${before} a short call is not held up by a long one behind it`, { timeout }, async () => {
    const pool = threads({ workers: 1 });
    const gate = shared(Int32Array, 1);
    await pool.submit((own) => void Object.assign(globalThis, { gate: own }), gate);
    for (let k = 0; k < 2000; k++) pool.submitSync(run, 0);
    for (let round = 0; round < 30; round++) {
      // What follows the end of the round before is over.
      await sleep(5);
      Atomics.store(gate, 0, 0);
      const early = round % 2 === 0 ? pool.submit(run, 0.15) : 0.15;
      await first(pool);
      const short = pool.submit(run, 0.01);
      const long = pool.submit(run, -1);
      assert.deepEqual(await Promise.all([early, short]), [0.15, 0.01]);
      open(gate);
      assert.notEqual(await long, 'timed-out', `round ${round}`);
    }
    await pool.close();
  });
}
