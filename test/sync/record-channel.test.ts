/** RecordChannel, seen from outside. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context } from 'tutti';
import { ChannelClosedError, RecordChannel } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { aborted, limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;

  test(on('records stay whole and in order, whatever the sizes of the pieces'), limits(place), async () => {
    const records = new RecordChannel(Int32Array, { ...options(), width: 3, capacity: 7 });
    const pool = place.pool();
    const n = 3000;
    const sending = pool.submit(() => {
      for (let k = 0; k < n;) {
        const count = Math.min(n - k, 1 + (k % 11));
        const piece = new Int32Array(3 * count);
        for (let j = 0; j < count; j++) piece.set([k + j, 2 * (k + j), -(k + j)], 3 * j);
        if (records.send(piece) !== count) throw new RangeError('not all were sent');
        k += count;
      }
      records.close();
    });
    const counts = await Promise.all(
      [2, 20].map((room) =>
        pool.submit((size: number) => {
          const into = new Int32Array(3 * size);
          let count = 0;
          let last = -1;
          for (let got = records.receive(into); got > 0; got = records.receive(into))
            for (let j = 0; j < got; j++, count++) {
              const [a, b, c] = into.subarray(3 * j);
              if (b !== 2 * a! || c !== -a! || a! <= last) throw new RangeError(`wrong: ${a} ${b} ${c}`);
              last = a!;
            }
          return count;
        }, room),
      ),
    );
    await sending;
    assert.equal(counts[0]! + counts[1]!, n);
    assert.equal(await records.receiveAsync(new Int32Array(3)), 0);
    assert.equal(records.receive(new Int32Array(3)), 0);
    assert.throws(() => records.trySend([1, 2, 3]), ChannelClosedError);
  });

  test(
    on('send() says how many went when the time was up, an abort gives its reason'),
    limits(place),
    async () => {
      const records = new RecordChannel(Float64Array, { ...options('few'), capacity: 4 });
      const pool = place.pool();
      const sent = await pool.submit(async () => [
        records.trySend([1, 2]),
        records.send([3, 4, 5, 6], { timeoutMs: 2 }),
        records.send([7], { timeoutMs: 0 }),
        await records.sendAsync([7], { timeoutMs: 2 }),
        records.trySend([7, 8]),
      ]);
      assert.deepEqual(sent, [2, 2, 0, 0, 0]);
      const task = pool.submit(() => records.send([9], { signal: context().signal }));
      await until('it waits', () => Atomics.load(records.memory.words, 5) === 1);
      task.cancel('enough');
      assert.equal(await reasonOf(task), 'enough');
      await until('it has given up', () => pool.stats().busy === 0);
      const into = new Float64Array(10);
      assert.equal(records.receive(into), 4);
      assert.deepEqual([...into.subarray(0, 5)], [1, 2, 3, 4, 0]);
      const late = await pool.submit(() => {
        try {
          return records.receive(new Float64Array(1), { timeoutMs: 1 });
        } catch (error) {
          return (error as Error).name;
        }
      });
      assert.equal(late, 'WaitTimeoutError');
    },
  );
}

test('a time limit that ends while receivers make room never loses count', limits(), async () => {
  const records = new RecordChannel(Int32Array, { capacity: 2 });
  const into = new Int32Array(1);
  let sent = 0;
  let received = 0;
  for (let round = 0; round < 60; round++) {
    const sending = records.sendAsync(new Int32Array(5), { timeoutMs: round % 3 });
    for (let k = 0; k < round % 5; k++) {
      received += records.tryReceive(into);
      await new Promise((resolve) => setImmediate(resolve));
    }
    sent += await sending;
  }
  assert.equal(sent, received + records.size);
});

test('a main thread sends all or nothing when it would have to wait', limits(), async () => {
  const records = new RecordChannel(Int32Array, { capacity: 2, name: 'narrow' });
  assert.throws(() => records.send([1, 2, 3]), {
    name: 'WouldBlockError',
    message: /RecordChannel "narrow"/,
  });
  assert.throws(() => records.send([1, 2, 3], { timeoutMs: 5 }), { name: 'WouldBlockError' });
  assert.equal(records.size, 0);
  assert.equal(records.send([1, 2, 3], { timeoutMs: 0 }), 2);
  assert.throws(() => records.send([3], { signal: aborted(new SyntaxError('before')) }), SyntaxError);
  const rest = records.sendAsync([3, 4]);
  const into = new Int32Array(8);
  assert.equal(records.tryReceive(into), 2);
  assert.equal(await rest, 2);
  assert.equal(records.receive(into), 2);
  assert.throws(() => records.receive(into), { name: 'WouldBlockError' });
  assert.equal(records.tryReceive(into), 0);
  const waiting = records.sendAsync([5, 6, 7]);
  records.close();
  await assert.rejects(waiting, ChannelClosedError);
  assert.throws(() => records.send([8]), ChannelClosedError);
  assert.equal(records.tryReceive(into), 2);
});

test('any typed array class, also of bigints; pieces of records are refused', limits(), async () => {
  for (const Ctor of [Int8Array, Uint8ClampedArray, Uint16Array, Float32Array]) {
    const records = new RecordChannel(Ctor, { width: 3, capacity: 3 });
    const into = new Ctor(6);
    for (let k = 0; k < 5; k++) {
      assert.equal(records.trySend([k, k + 1, k + 2]), 1);
      assert.equal(records.tryReceive(into as never), 1);
      assert.deepEqual([...into.subarray(0, 3)], [k, k + 1, k + 2]);
    }
  }
  const big = new RecordChannel(BigInt64Array, { width: 2, name: 'big' });
  assert.equal(await big.sendAsync([1n, -(2n ** 63n)]), 1);
  assert.throws(() => big.trySend([1, 2]), TypeError);
  const into = new BigInt64Array(2);
  assert.equal(await big.receiveAsync(into), 1);
  assert.deepEqual([...into], [1n, -(2n ** 63n)]);
  assert.throws(() => big.trySend([1n]), { name: 'RangeError', message: /RecordChannel "big": 1 elements/ });
  assert.throws(() => big.tryReceive(new BigInt64Array(1)), RangeError);
  assert.equal(big.trySend([]), 0);
  assert.throws(() => new RecordChannel(Array as never), TypeError);
  for (const wrong of [{ width: 0 }, { capacity: 0 }, { capacity: 1.5 }])
    assert.throws(() => new RecordChannel(Int8Array, wrong), RangeError);
});
