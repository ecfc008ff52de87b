/** `stream`: order, window, early end, endless and failing inputs. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { context } from 'tutti';
import { collect, rejection, until, upTo, type Subject } from './subject.ts';

/** Counts what is taken from it and whether it was closed. */
function counted(limit = Infinity): Iterable<number> & { taken: number; closed: number } {
  const input = {
    taken: 0,
    closed: 0,
    *[Symbol.iterator](): Generator<number> {
      try {
        while (input.taken < limit) yield input.taken++;
      } finally {
        input.closed++;
      }
    },
  };
  return input;
}

/** Lets whatever is ready happen. */
async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await turn();
  await new Promise((resolve) => setTimeout(resolve, 20));
}

export function streamTests({ shared, test, pool }: Subject): void {
  test('stream() yields results in the order of the input', async () => {
    const results = await collect(pool().stream(upTo(1000), (x) => x * 2));
    assert.deepEqual(
      results,
      upTo(1000).map((x) => x * 2),
    );
    assert.deepEqual(await collect(pool().stream([] as number[], (x) => x)), []);
    assert.deepEqual(await collect(pool().stream('abc', (c) => c + c)), ['aa', 'bb', 'cc']);
  });

  test('stream() unordered yields every result once', async () => {
    const results = await collect(pool().stream(upTo(500), (x) => x + 1, { ordered: false }));
    assert.equal(results.length, 500);
    assert.deepEqual(
      results.sort((a, b) => a - b),
      upTo(500).map((x) => x + 1),
    );
  });

  test('stream() reads async inputs', async () => {
    async function* input(): AsyncIterable<number> {
      for (const x of upTo(30)) {
        if (x % 7 === 0) await turn();
        yield x;
      }
    }
    const results = await collect(pool().stream(input(), (x) => -x));
    assert.deepEqual(
      results,
      upTo(30).map((x) => -x),
    );
  });

  test('stream() counts indices through the whole input', async () => {
    const indices = await collect(pool().stream(counted(300), () => context().index, { chunk: 7 }));
    assert.deepEqual(indices, upTo(300));
  });

  test('stream() starts nothing before the first next()', async () => {
    const input = counted();
    const stream = pool().stream(input, (x) => x);
    await settle();
    assert.equal(input.taken, 0);
    await stream.return();
    assert.equal(input.taken, 0);
  });

  test('stream() takes no more items ahead of the consumer than its window', async () => {
    for (const ordered of [true, false]) {
      for (const window of [1, 3, 16]) {
        const input = counted();
        const stream = pool().stream(input, (x) => x, { window, ordered });
        for (let yielded = 1; yielded <= 20; yielded++) {
          await stream.next();
          await settleIf(yielded % 10 === 1);
          const ahead = input.taken - yielded;
          assert.ok(ahead <= window, `${ahead} items ahead with a window of ${window}`);
        }
        await stream.return();
        assert.equal(input.closed, 1);
      }
    }
  });

  test('stream() of an endless input ends when the consumer leaves, and closes the input', async () => {
    const input = counted();
    const seen: number[] = [];
    for await (const x of pool().stream(input, (k) => k * k)) {
      seen.push(x);
      if (seen.length === 100) break;
    }
    assert.deepEqual(
      seen,
      upTo(100).map((k) => k * k),
    );
    assert.equal(input.closed, 1);
    const { taken } = input;
    await settle();
    assert.equal(input.taken, taken, 'nothing is read after the end');
  });

  test('leaving a stream cancels what is under way', async () => {
    const flags = shared(Int32Array, 2);
    const stream = pool().stream(
      upTo(4),
      async (x) => {
        if (x === 0) return x;
        Atomics.store(flags, 0, 1);
        while (!context().signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
        Atomics.store(flags, 1, 1);
        return x;
      },
      { graceMs: 20_000, chunk: 1 },
    );
    assert.deepEqual(await stream.next(), { done: false, value: 0 });
    await until('the next item runs', () => flags[0] === 1);
    assert.deepEqual(await stream.return(), { done: true, value: undefined });
    await until('it has seen its signal', () => flags[1] === 1);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  test('an input that throws fails the stream after the results before it', async () => {
    function* input(): Iterable<number> {
      yield* upTo(10);
      throw new RangeError('input broke');
    }
    const seen: number[] = [];
    const error = await rejection(
      (async () => {
        for await (const x of pool().stream(input(), (k) => k)) seen.push(x);
      })(),
    );
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, 'input broke');
    assert.deepEqual(seen, upTo(10));
  });

  test('a failing item fails an ordered stream at its place and closes the input', async () => {
    const input = counted();
    const seen: number[] = [];
    const stream = pool().stream(input, (x) => {
      if (x === 20) throw new RangeError('twenty');
      return x;
    });
    const error = await rejection(
      (async () => {
        for await (const x of stream) seen.push(x);
      })(),
    );
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, 'twenty');
    assert.deepEqual(seen, upTo(20));
    await settle();
    assert.equal(input.closed, 1);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  test('a failing item fails an unordered stream', async () => {
    const stream = pool().stream(
      counted(),
      (x) => {
        if (x === 20) throw new RangeError('twenty');
        return x;
      },
      { ordered: false },
    );
    const error = await rejection(collect(stream));
    assert.ok(error instanceof RangeError);
  });

  test('concurrent next() calls are served in order', async () => {
    const stream = pool().stream(upTo(5), (x) => x * 10);
    const pulls = await Promise.all(upTo(7).map(() => stream.next()));
    assert.deepEqual(
      pulls.map((pull) => pull.value),
      [0, 10, 20, 30, 40, undefined, undefined],
    );
    assert.deepEqual(
      pulls.map((pull) => pull.done),
      [false, false, false, false, false, true, true],
    );
  });

  test('throw() ends a stream and rejects with its argument', async () => {
    const input = counted();
    const stream = pool().stream(input, (x) => x);
    await stream.next();
    const reason = new RangeError('mine');
    assert.equal(await rejection(stream.throw(reason)), reason);
    assert.equal(input.closed, 1);
  });

  test('a signal ends a stream with its reason and closes the input', async () => {
    const controller = new AbortController();
    const input = counted();
    const stream = pool().stream(input, (x) => x, { signal: controller.signal });
    await stream.next();
    const reason = new RangeError('stop');
    controller.abort(reason);
    const error = await rejection(collect(stream));
    assert.equal(error, reason);
    await settle();
    assert.equal(input.closed, 1);
  });

  test('an abandoned stream holds nothing up: other calls go on', async () => {
    const stream = pool().stream(counted(), (x) => x);
    await stream.next();
    assert.deepEqual(await pool().map([1, 2], (x) => x), [1, 2]);
    await stream[Symbol.asyncDispose]();
  });
}

async function settleIf(condition: boolean): Promise<void> {
  if (condition) await settle();
}
