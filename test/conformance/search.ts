/** `find`, `findIndex`, `some`, `every`. */
import assert from 'node:assert/strict';

import { rejection, upTo, type Subject } from './subject.ts';

export function searchTests({ shared, test, pool }: Subject): void {
  test('find() gives the caller’s own item of lowest index', async () => {
    const items = upTo(5000).map((x) => ({ x }));
    const hit = await pool().find(items, ({ x }) => x > 1000 && x % 77 === 0);
    assert.equal(hit, items[1001]);
    assert.equal(await pool().find(items, ({ x }) => x < 0), undefined);
    assert.equal(await pool().find([] as number[], () => true), undefined);
    assert.equal(await pool().findIndex(upTo(5000), (x) => x === 4321), 4321);
    assert.equal(await pool().findIndex(upTo(10), (x) => x === 10), -1);
  });

  test('find() prefers the lowest index even when a later item is decided first', async () => {
    const hit = await pool().findIndex(
      upTo(8),
      async (x) => {
        await new Promise((resolve) => setTimeout(resolve, x === 2 ? 50 : 0));
        return x >= 2;
      },
      { chunk: 1 },
    );
    assert.equal(hit, 2);
  });

  test('find() unordered gives any hit', async () => {
    const hit = await pool().find(upTo(1000), (x) => x % 100 === 99, { ordered: false });
    assert.equal((hit as number) % 100, 99);
  });

  test('some() and every() decide', async () => {
    assert.equal(await pool().some(upTo(1000), (x) => x === 999), true);
    assert.equal(await pool().some(upTo(1000), (x) => x > 999), false);
    assert.equal(await pool().every(upTo(1000), (x) => x < 1000), true);
    assert.equal(await pool().every(upTo(1000), (x) => x < 500), false);
    assert.equal(await pool().some([] as number[], () => true), false);
    assert.equal(await pool().every([] as number[], () => false), true);
    assert.equal(await pool().some([1, 2], async (x) => await Promise.resolve(x === 2)), true);
  });

  test('the first decision stops the rest', async () => {
    const runs = shared(Int32Array, 4);
    const slow = (at: number, answer: boolean) => (x: number) => {
      Atomics.add(runs, at, 1);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      return x === 5 ? answer : !answer;
    };
    assert.equal(await pool().find(upTo(5000), slow(0, true)), 5);
    assert.equal(await pool().findIndex(upTo(5000), slow(1, true), { ordered: false }), 5);
    assert.equal(await pool().some(upTo(5000), slow(2, true)), true);
    assert.equal(await pool().every(upTo(5000), slow(3, false)), false);
    await pool().broadcast(() => 0);
    const after = [...runs];
    for (const ran of after) assert.ok(ran >= 1 && ran < 5000, `${after.join(', ')} of 5000 items ran`);
    await pool().broadcast(() => 0);
    assert.deepEqual([...runs], after, 'nothing runs on after the decision');
  });

  test('an ordered find() ignores failures behind the hit and reports those before it', async () => {
    const fails = (at: number) => (x: number) => {
      if (x === at) throw new RangeError(`item ${x}`);
      return x === 40;
    };
    assert.equal(await pool().find(upTo(80), fails(60), { chunk: 5 }), 40);
    const error = await rejection(pool().find(upTo(80), fails(20), { chunk: 5 }));
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, 'item 20');
    const none = await rejection(
      pool()
        .some(upTo(80), fails(79), { chunk: 80 })
        .then((hit) => assert.equal(hit, false)),
    );
    assert.ok(none instanceof Error);
  });
}
