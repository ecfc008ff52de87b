import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureError } from '#src/base/errors.js';
import { openFake, settle, type FakeBackend } from './fake-backend.js';

const limit = { timeout: 10_000 };
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** An input that counts how far it was read and whether it was closed. */
class Input implements Iterator<number> {
  read = 0;
  closed = 0;
  readonly length: number;
  constructor(length = Infinity) {
    this.length = length;
  }
  next(): IteratorResult<number, undefined> {
    if (this.read >= this.length) return { done: true, value: undefined };
    return { done: false, value: this.read++ };
  }
  return(): IteratorResult<number, undefined> {
    this.closed++;
    return { done: true, value: undefined };
  }
  [Symbol.iterator](): this {
    return this;
  }
}

/** An asynchronous input that the test feeds. */
class Feed implements AsyncIterator<number> {
  readonly #waiting: ((result: IteratorResult<number, undefined>) => void)[] = [];
  pulls = 0;
  closed = 0;
  #next = 0;
  next(): Promise<IteratorResult<number, undefined>> {
    this.pulls++;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  async give(count = 1): Promise<void> {
    for (let n = 0; n < count; n++) {
      this.#waiting.shift()?.({ done: false, value: this.#next++ });
      await settle();
    }
  }
  async end(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    await settle();
  }
  return(): Promise<IteratorResult<number, undefined>> {
    this.closed++;
    return Promise.resolve({ done: true, value: undefined });
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
}

const finishAll = (backend: FakeBackend) => {
  while (backend.held.length > 0) backend.held[0]?.finish();
};

test('nothing is read before the first pull', limit, async () => {
  const { pool, backend } = openFake();
  const input = new Input();
  const stream = pool.stream(input, (x) => x);
  await settle();
  assert.equal(input.read, 0);
  assert.deepEqual(await stream.return(), { done: true, value: undefined });
  assert.equal(input.closed, 0);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
  assert.equal(backend.sent.length, 0);
});

test('a consumer that does not pull stops the reading of the input', limit, async () => {
  for (const window of [1, 5, 100]) {
    const { pool, backend } = openFake({ workers: 2, auto: 'fifo' });
    const input = new Input();
    const stream = pool.stream(input, (x) => x * 2, { window });
    assert.deepEqual(await stream.next(), { done: false, value: 0 });
    for (let n = 0; n < 50; n++) await settle();
    assert.equal(input.read, window + 1);
    assert.equal(backend.held.length, 0);
    assert.deepEqual(await stream.next(), { done: false, value: 2 });
    await settle();
    assert.equal(input.read, window + 2);
    await stream.return();
    assert.equal(input.closed, 1);
  }
});

test('an endless input is read within the default window', limit, async () => {
  const { pool } = openFake({ workers: 2, auto: 'fifo' });
  const input = new Input();
  const stream = pool.stream(input, (x) => x);
  let most = 0;
  let yielded = 0;
  for await (const value of stream) {
    assert.equal(value, yielded++);
    most = Math.max(most, input.read - yielded);
    if (yielded === 5000) break;
  }
  assert.ok(most >= 64 && most <= 2048, String(most));
});

test('an input that does not produce is asked once and not again', limit, async () => {
  const { pool, backend } = openFake();
  const feed = new Feed();
  const stream = pool.stream(feed, (x) => x);
  const first = stream.next();
  for (let n = 0; n < 20; n++) await settle();
  assert.equal(feed.pulls, 1);
  await feed.give();
  assert.equal(backend.held.length, 1, 'an item goes out without waiting for others');
  assert.equal(feed.pulls, 2);
  backend.held[0]?.finish();
  assert.deepEqual(await first, { done: false, value: 0 });
  const second = stream.next();
  await feed.end();
  assert.deepEqual(await second, { done: true, value: undefined });
  assert.equal(feed.closed, 0);
});

test('an item waits for its chunk to fill only while every worker has a chunk', limit, async () => {
  const { pool, backend } = openFake({ workers: 2 });
  const feed = new Feed();
  const stream = pool.stream(feed, (x) => x, { chunk: 4 });
  const results = Promise.all(range(13).map(() => stream.next()));
  const flying = () => backend.held.map((held) => held.indices);
  await feed.give(2);
  assert.deepEqual(flying(), [[0], [1]]);
  await feed.give(3);
  assert.deepEqual(flying(), [[0], [1]]);
  await feed.give(1);
  assert.deepEqual(flying(), [[0], [1], [2, 3, 4, 5]]);
  await feed.give(2);
  backend.held[0]?.finish();
  assert.deepEqual(flying(), [[1], [2, 3, 4, 5]]);
  backend.held[0]?.finish();
  assert.deepEqual(flying(), [
    [2, 3, 4, 5],
    [6, 7],
  ]);
  await feed.give(5);
  assert.deepEqual(flying().at(-1), [8, 9, 10, 11]);
  await feed.end();
  assert.deepEqual(flying().at(-1), [12]);
  finishAll(backend);
  assert.deepEqual(
    (await results).map((result) => result.value),
    range(13),
  );
  assert.equal((await stream.next()).done, true);
});

test('calls of next() may overlap and are served in order', limit, async () => {
  for (const ordered of [true, false]) {
    const { pool } = openFake({ auto: ordered ? 'lifo' : 'fifo' });
    const stream = pool.stream(range(5), (x) => x, { ordered });
    const pulls = range(8).map(() => stream.next());
    const results = await Promise.all(pulls);
    const values = results.slice(0, 5).map((result) => result.value);
    assert.deepEqual(ordered ? values : values.sort(), range(5));
    assert.ok(results.slice(5).every((result) => result.done));
  }
});

test('leaving the loop cancels what is under way and closes the input', limit, async () => {
  const { pool, backend } = openFake({ workers: 2 });
  const input = new Input();
  const stream = pool.stream(input, (x) => x, { chunk: 1 });
  const loop = (async () => {
    for await (const value of stream) if (value === 0) break;
  })();
  await settle();
  backend.held[0]?.finish();
  await loop;
  assert.equal(input.closed, 1);
  assert.equal(backend.held.length, 0);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
  assert.equal(pool.stats().tasks.pending, 0);
});

test('return() and disposal end pulls that wait; throw() passes its error on', limit, async () => {
  const { pool, backend } = openFake();
  const make = () => pool.stream(new Input(), (x) => x);
  const a = make();
  const waiting = [a.next(), a.next()];
  await a.return();
  assert.deepEqual(await Promise.all(waiting), [
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  const b = make();
  const pull = b.next();
  await b[Symbol.asyncDispose]();
  assert.equal((await pull).done, true);
  const c = make();
  const error = new RangeError('thrown in');
  await assert.rejects(c.throw(error), (thrown) => thrown === error);
  assert.equal((await c.next()).done, true);
  assert.equal(backend.held.length, 0);
});

test('return() does not wait for an input that is being read', limit, async () => {
  const { pool } = openFake();
  const feed = new Feed();
  feed.return = () => new Promise(() => {});
  const stream = pool.stream(feed, (x) => x);
  const pull = stream.next();
  await settle();
  await stream.return();
  assert.equal((await pull).done, true);
});

test('an error while the input is closed rejects return()', limit, async () => {
  const { pool, backend } = openFake();
  const input = new Input();
  input.return = () => {
    throw new RangeError('cannot close');
  };
  const stream = pool.stream(input, (x) => x);
  const pull = stream.next();
  backend.held[0]?.finish();
  await pull;
  await assert.rejects(stream.return(), { message: 'cannot close' });
});

describe('errors', () => {
  const error = new RangeError('item 2');
  const failing = (x: number) => {
    if (x === 2) throw error;
    return x;
  };

  test('ordered: a failing item throws at its place, after the results before it', limit, async () => {
    for (const auto of ['fifo', 'lifo', 'random'] as const) {
      for (const chunk of [1, 2, 5]) {
        const { pool, backend } = openFake({ auto });
        const input = new Input(1000);
        const seen: number[] = [];
        await assert.rejects(
          (async () => {
            for await (const value of pool.stream(input, failing, { chunk })) seen.push(value);
          })(),
          (thrown) => thrown === error,
        );
        assert.deepEqual(seen, [0, 1], `${auto} ${chunk}`);
        assert.equal(input.closed, 1);
        assert.equal(backend.held.length, 0);
        assert.equal(pool.stats().tasks.pending, 0);
      }
    }
  });

  test('unordered: a failing item throws as soon as it is known', limit, async () => {
    const { pool, backend } = openFake({ workers: 2 });
    const stream = pool.stream(range(100), failing, { ordered: false, chunk: 1 });
    const first = stream.next();
    const second = stream.next();
    backend.held[2]?.finish();
    await assert.rejects(first, (thrown) => thrown === error);
    assert.deepEqual(await second, { done: true, value: undefined });
    assert.equal(backend.held.length, 0);
  });

  test('an input that throws ends the stream at that place, and is not closed', limit, async () => {
    for (const ordered of [true, false]) {
      const { pool } = openFake({ auto: 'random' });
      const input = new Input();
      const next = input.next.bind(input);
      const broken = new RangeError('input');
      input.next = () => {
        if (input.read === 3) throw broken;
        return next();
      };
      const seen: number[] = [];
      await assert.rejects(
        (async () => {
          for await (const value of pool.stream(input, (x) => x, { ordered })) seen.push(value);
        })(),
        (thrown) => thrown === broken,
      );
      assert.deepEqual(seen.sort(), [0, 1, 2]);
      assert.equal(input.closed, 0);
    }
  });

  test('an async input that rejects, and one that throws outright, end the stream', limit, async () => {
    const { pool } = openFake({ auto: 'fifo' });
    async function* rejecting() {
      yield 1;
      throw new RangeError('rejected');
    }
    const throwing = {
      [Symbol.asyncIterator]: () => ({
        next(): Promise<IteratorResult<number>> {
          throw new RangeError('thrown');
        },
      }),
    };
    const stream = pool.stream(rejecting(), (x) => x);
    assert.deepEqual(await stream.next(), { done: false, value: 1 });
    await assert.rejects(stream.next(), { message: 'rejected' });
    await assert.rejects(pool.stream(throwing, (x) => x).next(), { message: 'thrown' });
    await assert.rejects(
      pool.map(rejecting(), (x) => x),
      { message: 'rejected' },
    );
  });

  test('retries run a failed item again, in both orders', limit, async () => {
    for (const ordered of [true, false]) {
      const { pool } = openFake({ auto: 'random', seed: 9 });
      const failed = new Set<number>();
      const flaky = (x: number) => {
        if (x % 3 === 0 && !failed.has(x)) {
          failed.add(x);
          throw new RangeError('once');
        }
        return x;
      };
      const seen: number[] = [];
      for await (const value of pool.stream(range(100), flaky, { ordered, chunk: 4, retries: 1 }))
        seen.push(value);
      assert.deepEqual(ordered ? seen : seen.sort((a, b) => a - b), range(100));
    }
  });

  test('an item that cannot travel fails at its place', limit, async () => {
    for (const ordered of [true, false]) {
      const { pool, backend } = openFake({ auto: 'fifo' });
      const run = backend.run.bind(backend);
      backend.run = (chunk) => {
        for (let k = chunk.from; k < chunk.to; k++) {
          if (chunk.items[k] === 7) throw new CaptureError('cannot send 7', { path: '[7]' });
        }
        run(chunk);
      };
      const seen: number[] = [];
      await assert.rejects(
        (async () => {
          for await (const value of pool.stream(range(100), (x) => x, { ordered, chunk: 5 }))
            seen.push(value);
        })(),
        CaptureError,
      );
      if (ordered) assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6]);
      assert.equal(backend.held.length, 0);
    }
  });

  test('map over an async iterable rejects at once', limit, async () => {
    const { pool, backend } = openFake({ workers: 2 });
    const feed = new Feed();
    const task = pool.map(feed, failing, { chunk: 1 });
    await feed.give(3);
    backend.held[2]?.finish();
    await assert.rejects(task, (thrown) => thrown === error);
    assert.equal(backend.held.length, 0);
    assert.equal(feed.closed, 1);
  });
});

test('map over an async iterable can be cancelled', limit, async () => {
  const { pool, backend } = openFake();
  const feed = new Feed();
  const task = pool.map(feed, (x) => x);
  await feed.give(2);
  assert.equal(task.cancel(), true);
  await assert.rejects(task, { name: 'AbortError' });
  assert.equal(backend.held.length, 0);
  assert.equal(feed.closed, 1);
});

test('random streams deliver every item once', limit, async () => {
  const seed = Number(process.env['TUTTI_TEST_SEED'] ?? Date.now() % 2 ** 32);
  let state = seed;
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let round = 0; round < 60; round++) {
    const n = random(400);
    const ordered = random(2) === 0;
    const options = {
      ordered,
      ...(random(2) ? { window: 1 + random(40) } : {}),
      ...(random(2) ? { chunk: 1 + random(20) } : {}),
      ...(random(2) ? { retries: 3 } : {}),
    };
    const what = `seed ${seed}, round ${round}: ${n} items, ${JSON.stringify(options)}`;
    const { pool, backend } = openFake({ workers: 1 + random(5), auto: 'random', seed: random(1000) });
    backend.msPerItem = [0, 0.01, 1, 20][random(4)] as number;
    async function* slow() {
      for (let x = 0; x < n; x++) {
        if (random(10) === 0) await settle();
        yield x;
      }
    }
    const tries = new Map<number, number>();
    const fn = (x: number) => {
      const count = (tries.get(x) ?? 0) + 1;
      tries.set(x, count);
      if ('retries' in options && x % 5 === 0 && count <= 2) throw new RangeError('again');
      return x;
    };
    const seen: number[] = [];
    for await (const value of pool.stream(random(2) ? slow() : range(n), fn, options)) {
      seen.push(value);
      if (random(20) === 0) await settle();
    }
    if (!ordered) seen.sort((a, b) => a - b);
    assert.deepEqual(seen, range(n), what);
    assert.equal(backend.held.length, 0, what);
    await pool.close();
  }
});

test('return() after the end is quiet, also when closing the input went wrong before', limit, async () => {
  const { pool, backend } = openFake({ auto: 'fifo' });
  const input = new Input(10);
  input.return = () => {
    throw new RangeError('cannot close');
  };
  const stream = pool.stream(input, () => {
    throw new RangeError('item');
  });
  await assert.rejects(stream.next(), { message: 'item' });
  assert.deepEqual(await stream.return(), { done: true, value: undefined });
  await stream[Symbol.asyncDispose]();
  assert.equal(backend.held.length, 0);
});
