import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  from,
  generate,
  lastValueFrom,
  NEVER,
  of,
  range,
  Subject,
  take,
  throwError,
  toArray,
  concat,
} from 'rxjs';
import { QueueFullError, serial, shared, threads, type Executor } from 'tutti';
import { parallelFilter, parallelMap } from 'tutti/rxjs';
import { assertNoLeaks } from '../leaks.js';
import { deferred, settle } from './inputs.js';

const limit = { timeout: 20_000 };
const lost: unknown[] = [];
process.on('unhandledRejection', (reason) => lost.push(reason));
process.on('uncaughtException', (error) => lost.push(error));
after(async () => {
  await settle();
  assert.deepEqual(lost, []);
  await assertNoLeaks();
});

const places: Record<string, () => Executor> = {
  'serial()': () => serial(),
  'threads()': () => threads({ workers: 2 }),
};

for (const [name, open] of Object.entries(places)) {
  void describe(`operators on ${name}`, () => {
    test('map and filter, in order and without, and complete after the last result', limit, async () => {
      const pool = open();
      const numbers = Array.from({ length: 200 }, (_, i) => i);
      const doubled = numbers.map((x) => x * 2);
      const mapped = range(0, 200).pipe(
        parallelMap(pool, (x) => x * 2),
        toArray(),
      );
      assert.deepEqual(await lastValueFrom(mapped), doubled);
      const unordered = from(numbers).pipe(
        parallelMap(pool, async (x) => x * 2, { ordered: false, concurrency: 8 }),
        toArray(),
      );
      assert.deepEqual(
        (await lastValueFrom(unordered)).sort((a, b) => a - b),
        doubled,
      );
      const items = numbers.map((x) => ({ x }));
      const odd = await lastValueFrom(
        from(items).pipe(
          parallelFilter(pool, ({ x }) => x % 2 === 1),
          toArray(),
        ),
      );
      assert.deepEqual(
        odd,
        items.filter(({ x }) => x % 2 === 1),
      );
      assert.equal(odd[0], items[1], 'the items are copies');
      assert.deepEqual(await lastValueFrom(of<number>().pipe(parallelMap(pool, (x) => x), toArray())), []); // prettier-ignore
      await pool.close();
    });

    test('one operator serves any number of subscribers', limit, async () => {
      const pool = open();
      const operator = parallelMap(pool, (x: number) => x + 1);
      const source = of(1, 2);
      const all = [source, source].map((each) => lastValueFrom(each.pipe(operator, toArray())));
      assert.deepEqual(await Promise.all(all), [
        [2, 3],
        [2, 3],
      ]);
      await pool.close();
    });

    test(
      'an item’s error comes after the results before it and unsubscribes from the source',
      limit,
      async () => {
        const pool = open();
        const source = new Subject<number>();
        const seen: number[] = [];
        const failed = deferred<Error>();
        source
          .pipe(
            parallelMap(pool, (x) => {
              if (x === 2) throw new RangeError('two');
              return x;
            }),
          )
          .subscribe({ next: (x) => seen.push(x), error: failed.resolve });
        assert.equal(source.observed, true);
        for (let x = 0; x < 4; x++) source.next(x);
        const error = await failed.promise;
        assert.equal(error.name, 'RangeError');
        assert.equal(error.message, 'two');
        assert.deepEqual(seen, [0, 1]);
        assert.equal(source.observed, false);
        await pool.close();
      },
    );
  });
}

test('an error of the source goes on at once', limit, async () => {
  const pool = serial();
  const error = new RangeError('source');
  const failing = concat(
    of(1),
    throwError(() => error),
  ).pipe(parallelMap(pool, () => new Promise(() => undefined)));
  await assert.rejects(lastValueFrom(failing), (thrown) => thrown === error);
  await settle();
  assert.equal(pool.stats().running, 0);
  await pool.close();
});

test('unsubscribing cancels what is under way', limit, async () => {
  const pool = threads({ workers: 2, graceMs: 10 });
  const started = shared(Int32Array, 1);
  const source = new Subject<number>();
  const subscription = source
    .pipe(
      parallelMap(pool, () => {
        Atomics.add(started, 0, 1);
        for (;;);
      }),
    )
    .subscribe({ next: () => assert.fail('next'), complete: () => assert.fail('complete') });
  source.next(1);
  while (Atomics.load(started, 0) === 0) await turn();
  subscription.unsubscribe();
  assert.equal(source.observed, false);
  assert.equal(await pool.submit(() => 'free'), 'free');
  source.complete();
  await settle();
  await pool.close();
});

test('take() downstream ends everything', limit, async () => {
  const pool = serial();
  const source = new Subject<number>();
  const two = lastValueFrom(
    source.pipe(
      parallelMap(pool, (x) => x),
      take(2),
      toArray(),
    ),
  );
  for (let x = 0; x < 5; x++) source.next(x);
  assert.deepEqual(await two, [0, 1]);
  assert.equal(source.observed, false);
  NEVER.pipe(parallelMap(pool, (x) => x))
    .subscribe()
    .unsubscribe();
  await pool.close();
});

test('a full buffer fails, or drops what it is told to drop', limit, async () => {
  const pool = serial();
  const results = (overflow: 'error' | 'drop-oldest' | 'drop-newest', buffer: number) =>
    lastValueFrom(
      range(0, 10).pipe(
        parallelMap(pool, (x) => x, { buffer, overflow }),
        toArray(),
      ),
    );
  await assert.rejects(results('error', 9), (error: QueueFullError) => {
    assert.ok(error instanceof QueueFullError);
    assert.equal(error.maxQueue, 9);
    assert.match(error.message, /parallelMap\(\): 9 items wait .* `overflow`/);
    return true;
  });
  // One item is on its way to the executor, which asks as soon as it is subscribed to.
  const oldest = await results('drop-oldest', 3);
  assert.deepEqual(oldest.slice(-3), [7, 8, 9]);
  const newest = await results('drop-newest', 3);
  assert.ok(newest.length >= 3 && newest.length <= 4);
  assert.deepEqual(
    newest,
    Array.from({ length: newest.length }, (_, i) => i),
  );
  await pool.close();
});

test('an endless source that does not wait is stopped by the error', limit, async () => {
  const pool = serial();
  const endless = generate({ initialState: 0, iterate: (x) => x + 1 });
  await assert.rejects(
    lastValueFrom(endless.pipe(parallelMap(pool, (x) => x, { buffer: 100 }))),
    QueueFullError,
  );
  await pool.close();
});

test('wrong arguments are refused when the operator is made', limit, async () => {
  const pool = serial();
  assert.throws(() => parallelMap(5 as never, (x) => x), /parallelMap\(\) needs an executor/);
  assert.throws(() => parallelMap(pool, 5 as never), /needs a function/);
  assert.throws(() => parallelMap(pool, (x) => x, { buffer: 0 }), RangeError);
  assert.throws(() => parallelMap(pool, (x) => x, { overflow: 'drop' as never }), /overflow/);
  assert.throws(() => parallelFilter(pool, (x) => x, { windw: 3 } as never), /did you mean `window`/);
  await pool.close();
});
