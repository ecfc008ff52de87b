/** Barrier, seen from outside; in the spirit of CPython's BarrierTests. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, shared } from 'tutti';
import { Barrier, BrokenBarrierError } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { aborted, limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;
  const array = (length: number): Int32Array =>
    shared(Int32Array, length, place.name === 'processes' ? { across: 'processes' } : {});

  test(
    on('all parties meet in every round, with indices 0 to n − 1, and the action runs once'),
    limits(place),
    async () => {
      const n = 3;
      const rounds = 200;
      const counts = array(3);
      const barrier = new Barrier(n, {
        ...options(),
        action: () => {
          // Nobody is let go before it has run.
          counts[1] = counts[1]! + 1;
          if (Atomics.load(counts, 0) !== n * counts[1]!) Atomics.add(counts, 2, 1);
        },
      });
      const pool = place.pool();
      const indices = await pool.map([0, 1, 2], (who) => {
        const mine: number[] = [];
        for (let round = 0; round < rounds; round++) {
          Atomics.add(counts, 0, 1);
          mine.push(barrier.wait());
          if (Atomics.load(counts, 0) < n * (round + 1)) throw new RangeError(`${who} was let go too early`);
        }
        return mine;
      });
      for (let round = 0; round < rounds; round++) {
        const found = indices.map((mine) => mine[round]!).sort((a, b) => a - b);
        assert.deepEqual(found, [0, 1, 2]);
      }
      assert.deepEqual([...counts], [n * rounds, rounds, 0]);
      assert.deepEqual([barrier.waiting, barrier.broken], [0, false]);
    },
  );

  test(on('more threads than parties: each round takes as many as it needs'), limits(place), async () => {
    const barrier = new Barrier(2, options());
    const pool = place.pool();
    const tickets = array(1);
    const here = (async () => {
      const mine: number[] = [];
      while (Atomics.add(tickets, 0, 1) < 120) mine.push(await barrier.waitAsync());
      return mine;
    })();
    const there = await pool.map([1, 2, 3], () => {
      const mine: number[] = [];
      while (Atomics.add(tickets, 0, 1) < 120) mine.push(barrier.wait());
      return mine;
    });
    const all = [...there, await here].flat();
    assert.deepEqual(
      [0, 1].map((index) => all.filter((one) => one === index).length),
      [60, 60],
    );
  });

  test(on('who gives up breaks it for all; reset() makes it as new'), limits(place), async () => {
    const barrier = new Barrier(3, options('gate'));
    const pool = place.pool();
    const waiting = reasonOf(pool.submit(() => barrier.wait()));
    await until('one waits', () => barrier.waiting === 1);
    const late = await reasonOf(pool.submit(() => barrier.wait({ timeoutMs: 1 })));
    for (const error of [late, await waiting, await reasonOf(barrier.waitAsync())]) {
      assert.ok(error instanceof BrokenBarrierError, String(error));
      assert.match(error.message, /Barrier "gate" is broken.*reset\(\)/);
    }
    assert.deepEqual([barrier.broken, barrier.waiting], [true, 0]);
    barrier.reset();
    assert.equal(barrier.broken, false);
    const all = [pool.submit(() => barrier.wait()), pool.submit(() => barrier.wait()), barrier.waitAsync()];
    assert.deepEqual((await Promise.all(all)).sort(), [0, 1, 2]);
  });

  test(on('abort(), reset() and an abort signal let those go who wait'), limits(place), async () => {
    const barrier = new Barrier(3, options());
    const pool = place.pool();
    for (const act of ['abort', 'reset'] as const) {
      const waits = [reasonOf(pool.submit(() => barrier.wait())), reasonOf(barrier.waitAsync())];
      await until('both wait', () => barrier.waiting === 2);
      await pool.submit((how: 'abort' | 'reset') => barrier[how](), act);
      for (const error of await Promise.all(waits)) assert.ok(error instanceof BrokenBarrierError);
      assert.equal(barrier.broken, act === 'abort');
      barrier.reset();
    }
    const task = pool.submit(() => barrier.wait({ signal: context().signal }));
    const beside = reasonOf(pool.submit(() => barrier.wait()));
    await until('both wait', () => barrier.waiting === 2);
    task.cancel('enough');
    assert.equal(await reasonOf(task), 'enough');
    assert.ok((await beside) instanceof BrokenBarrierError);
    assert.equal(barrier.broken, true);
  });

  test(on('an action that throws breaks it, and its error goes to who was last'), limits(place), async () => {
    const barrier = new Barrier(2, {
      ...options(),
      action: () => {
        throw new SyntaxError('in the action');
      },
    });
    const pool = place.pool();
    const first = reasonOf(pool.submit(() => barrier.wait()));
    await until('one waits', () => barrier.waiting === 1);
    const last = await reasonOf(pool.submit(() => barrier.wait()));
    assert.ok(last instanceof SyntaxError, String(last));
    assert.ok((await first) instanceof BrokenBarrierError);
    assert.equal(barrier.broken, true);
  });
}

test('a main thread that would have to wait has not arrived', limits(), async () => {
  const barrier = new Barrier(2);
  assert.throws(() => barrier.wait(), { name: 'WouldBlockError', message: /Barrier/ });
  assert.throws(() => barrier.wait({ timeoutMs: 50 }), { name: 'WouldBlockError' });
  assert.deepEqual([barrier.waiting, barrier.broken], [0, false]);
  const first = barrier.waitAsync();
  assert.equal(barrier.wait(), 1);
  assert.equal(await first, 0);
  assert.equal(new Barrier(1).wait(), 0);
});

test('a wait that is refused from the start breaks nothing', limits(), async () => {
  const barrier = new Barrier(2);
  const first = barrier.waitAsync();
  assert.equal(await reasonOf(barrier.waitAsync({ signal: aborted('before') })), 'before');
  assert.ok((await reasonOf(barrier.waitAsync({ timeoutMs: -1 }))) instanceof RangeError);
  assert.equal(barrier.broken, false);
  assert.equal(await barrier.waitAsync(), 1);
  assert.equal(await first, 0);
  for (const wrong of [0, -1, 1.5, 4096]) assert.throws(() => new Barrier(wrong), RangeError);
  assert.throws(() => new Barrier('2' as never), TypeError);
  assert.throws(() => new Barrier(2, { action: 1 as never }), TypeError);
});

test('the round that a reset has ended opens for nobody, those after it do', limits(), async () => {
  const barrier = new Barrier(2);
  const old = reasonOf(barrier.waitAsync());
  barrier.reset();
  const fresh = [barrier.waitAsync(), barrier.waitAsync()];
  assert.deepEqual(await Promise.all(fresh), [0, 1]);
  assert.ok((await old) instanceof BrokenBarrierError);
});
