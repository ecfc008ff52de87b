/** How far a pipeline reads ahead of its consumer, and how much it does at a time. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pipeline, serial, threads, type Pipeline } from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { deferred, LaterNumbers, Numbers, range, settle } from './inputs.js';

const limit = { timeout: 20_000 };
after(assertNoLeaks);
const pool = serial();
after(() => pool.close());

type Shape = (items: Pipeline<number>) => Pipeline<unknown>;

/** Items that may be taken and not yet handed on, by stage. */
const shapes: readonly [string, Shape, number][] = [
  ['no stage', (items) => items, 0],
  ['map', (items) => items.map((x) => x), 0],
  ['filter', (items) => items.filter(async () => true), 0],
  ['tap and scan', (items) => items.tap(() => undefined).scan((_, x) => x, 0), 0],
  ['flatMap', (items) => items.flatMap((x) => [x]), 0],
  ['concurrency 3', (items) => items.map(async (x) => x, { concurrency: 3 }), 6],
  ['concurrency 3, unordered', (items) => items.map(async (x) => x, { concurrency: 3, ordered: false }), 6],
  ['concurrency 3, window 4', (items) => items.map(async (x) => x, { concurrency: 3, window: 4 }), 4],
  ['filter with concurrency 2', (items) => items.filter(async () => true, { concurrency: 2 }), 4],
  ['buffer of 5', (items) => items.buffer(5), 5],
  ['window 7 on an executor', (items) => items.map((x) => x, { on: pool, window: 7 }), 7],
  ['concurrency 7 on an executor', (items) => items.map((x) => x, { on: pool, concurrency: 7 }), 7],
  ['the window of an executor', (items) => items.map((x) => x, { on: pool, chunk: 1 }), 64],
  ['filter on an executor', (items) => items.filter(() => true, { on: pool, window: 7, ordered: false }), 7],
  [
    'async generator',
    (items) =>
      items.through(async function* (all) {
        for await (const each of all) yield each;
      }),
    0,
  ],
  [
    'all of them',
    (items) =>
      items
        .map(async (x) => x, { concurrency: 2 })
        .map((x) => x, { on: pool, window: 5 })
        .buffer(3),
    4 + 5 + 3,
  ],
];

for (const [name, shape, ahead] of shapes) {
  for (const make of [Numbers, LaterNumbers]) {
    const kind = make === Numbers ? 'synchronous' : 'asynchronous';
    test(
      `a slow consumer holds back the source: ${name}, ${kind}: at most ${ahead} in flight`,
      limit,
      async () => {
        const input = new make();
        const reader = shape(pipeline(input as Iterable<number>))[Symbol.asyncIterator]();
        for (let taken = 1; taken <= 40; taken++) {
          await reader.next();
          if (taken % 10 === 0) await settle(100);
          assert.ok(input.read <= taken + ahead, `${input.read} of ${taken} + ${ahead}`);
        }
        // It does run ahead: else the stage would be of no use.
        assert.equal(input.read, 40 + ahead);
        await reader.return();
      },
    );

    test(`a slow sink holds back the source: ${name}, ${kind}`, limit, async () => {
      const input = new make(60);
      let taken = 0;
      await shape(pipeline(input as Iterable<number>)).forEach(async () => {
        taken++;
        await turn();
        assert.ok(input.read <= taken + ahead, `${input.read} of ${taken} + ${ahead}`);
      });
      assert.equal(taken, 60);
    });
  }
}

test('a batch holds as many items as it has', limit, async () => {
  for (const options of [{}, { timeoutMs: 60_000 }]) {
    const input = new LaterNumbers();
    const reader = pipeline(input).batch(4, options)[Symbol.asyncIterator]();
    await reader.next();
    await settle(20);
    const ahead = 'timeoutMs' in options ? 4 : 0;
    assert.equal(input.read, 4 + ahead);
    await reader.next();
    await settle(20);
    assert.equal(input.read, 8 + ahead);
    await reader.return();
  }
});

test('streams hold back the source', limit, async () => {
  const web = new LaterNumbers();
  const reader = pipeline(web).toWebStream().getReader();
  await settle(20);
  assert.equal(web.read, 0);
  await reader.read();
  await settle(20);
  assert.equal(web.read, 1);
  await reader.cancel();
  assert.equal(web.closed, 1);

  const node = new LaterNumbers();
  const stream = pipeline(node).toNodeStream();
  await settle(20);
  assert.equal(node.read, 0);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  await settle(20);
  assert.ok(node.read <= 3, `${node.read}`);
  await iterator.return?.();
  assert.equal(node.closed, 1);
});

void describe('concurrency', () => {
  for (const ordered of [true, false]) {
    test(`is reached and never exceeded, ordered: ${ordered}`, limit, async () => {
      let running = 0;
      let most = 0;
      const results = await pipeline(range(50))
        .map(
          async (x) => {
            most = Math.max(most, ++running);
            for (let n = 0; n < 1 + ((x * 7) % 5); n++) await turn();
            running--;
            return x;
          },
          { concurrency: 5, ordered },
        )
        .toArray();
      assert.equal(most, 5);
      assert.deepEqual(ordered ? results : results.toSorted((a, b) => a - b), range(50));
    });
  }

  test('a stage without it never runs twice at a time', limit, async () => {
    let running = 0;
    const once = async (x: number) => {
      assert.equal(++running, 1);
      await turn();
      running--;
      return x;
    };
    const alone = pipeline(range(10)).map(once);
    assert.deepEqual(await alone.toArray(), range(10));
  });

  test('stages work at the same time', limit, async () => {
    // The second stage's first item waits for the first stage's third to have begun.
    const third = deferred();
    const results = pipeline(range(5))
      .map(
        async (x) => {
          if (x === 2) third.resolve();
          return x;
        },
        { concurrency: 2 },
      )
      .map(async (x) => {
        await third.promise;
        return x;
      });
    assert.deepEqual(await results.toArray(), range(5));
  });

  test('forEach() runs as many at a time as it is told', limit, async () => {
    let running = 0;
    let most = 0;
    await pipeline(range(20)).forEach(
      async () => {
        most = Math.max(most, ++running);
        await turn();
        running--;
      },
      { concurrency: 4 },
    );
    assert.equal(most, 4);
  });

  test('without order a slow item holds nobody back', limit, async () => {
    const gate = deferred();
    const seen: number[] = [];
    const reading = pipeline(range(6))
      .map(
        async (x) => {
          if (x === 0) await gate.promise;
          return x;
        },
        { concurrency: 2, ordered: false },
      )
      .forEach((x) => void seen.push(x));
    await settle(20);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    gate.resolve();
    await reading;
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 0]);
  });
});

test('concurrency on workers bounds what they have at a time', limit, async () => {
  const workers = threads({ workers: 2 });
  const input = new Numbers(100);
  const results = pipeline(input).map((x) => x, { on: workers, concurrency: 3, window: 50 });
  let taken = 0;
  for await (const _ of results) {
    taken++;
    assert.ok(input.read <= taken + 3);
  }
  assert.equal(taken, 100);
  await workers.close();
});
