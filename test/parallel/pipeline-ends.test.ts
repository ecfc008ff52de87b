/** Whatever ends a pipeline, its source is closed once, work under way is cancelled, and no error is lost. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, test } from 'node:test';
import { failedAt, pipeline, serial, shared, threads, type Pipeline, type StageContext } from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { deferred, LaterNumbers, Numbers, range, settle } from './inputs.js';

const limit = { timeout: 20_000 };
const lost: unknown[] = [];
process.on('unhandledRejection', (reason) => lost.push(reason));
after(async () => {
  await settle();
  assert.deepEqual(lost, []);
  await assertNoLeaks();
});

type Shape = (items: Pipeline<number>) => Pipeline<unknown>;
const pool = serial();
after(() => pool.close());

const shapes: Record<string, Shape> = {
  'no stage': (items) => items,
  map: (items) => items.map((x) => x),
  'asynchronous map': (items) => items.map(async (x) => x),
  'overlapping map': (items) => items.map(async (x) => x, { concurrency: 4 }),
  'unordered map': (items) => items.map(async (x) => x, { concurrency: 4, ordered: false }),
  'map on an executor': (items) => items.map((x) => x, { on: pool }),
  'filter on an executor': (items) => items.filter(() => true, { on: pool, ordered: false }),
  flatMap: (items) => items.flatMap((x) => [x]),
  batch: (items) => items.batch(2),
  'timed batch': (items) => items.batch(2, { timeoutMs: 60_000 }),
  window: (items) => items.window(2),
  buffer: (items) => items.buffer(8),
  'async generator': (items) =>
    items.through(async function* (all) {
      for await (const each of all) yield each;
    }),
  TransformStream: (items) => items.through(new TransformStream()),
  'take of many': (items) => items.take(1e6),
};

for (const [name, shape] of Object.entries(shapes)) {
  for (const make of [Numbers, LaterNumbers]) {
    const title = `${name}, ${make === Numbers ? 'synchronous' : 'asynchronous'} source`;

    test(`break closes the source once: ${title}`, limit, async () => {
      const input = new make();
      let n = 0;
      for await (const _ of shape(pipeline(input as Iterable<number>))) if (++n === 3) break;
      assert.equal(input.closed, 1);
    });

    test(`an error in the loop closes the source once: ${title}`, limit, async () => {
      const input = new make();
      const error = new RangeError('stop');
      await assert.rejects(async () => {
        for await (const _ of shape(pipeline(input as Iterable<number>))) throw error;
      }, error);
      assert.equal(input.closed, 1);
    });

    test(`a failing consumer closes the source once: ${title}`, limit, async () => {
      const input = new make();
      const error = new RangeError('stop');
      let n = 0;
      const failing = shape(pipeline(input as Iterable<number>)).forEach(async () => {
        if (++n === 3) throw error;
      });
      await assert.rejects(failing, (thrown) => thrown === error);
      assert.equal(input.closed, 1);
      assert.equal(failedAt(error)?.index, 2);
    });

    test(`take() closes the source before the consumer is through: ${title}`, limit, async () => {
      const input = new make();
      const seen: number[] = [];
      await shape(pipeline(input as Iterable<number>))
        .take(2)
        .forEach(async () => {
          await settle();
          seen.push(input.closed);
        });
      assert.deepEqual(seen, [0, 1]);
      assert.equal(input.closed, 1);
    });

    test(`an abort between items closes the source once: ${title}`, limit, async () => {
      const input = new make();
      const controller = new AbortController();
      const reader = shape(pipeline(input as Iterable<number>, { signal: controller.signal }))[
        Symbol.asyncIterator
      ]();
      await reader.next();
      const reason = new RangeError('aborted');
      controller.abort(reason);
      await settle();
      assert.equal(input.closed, 1);
      await assert.rejects(reader.next(), (error) => error === reason);
      assert.deepEqual(await reader.next(), { done: true, value: undefined });
      assert.equal(input.closed, 1);
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    });

    test(`the end of the source is no reason to close it: ${title}`, limit, async () => {
      const input = new make(5);
      const controller = new AbortController();
      const { signal } = controller;
      assert.ok((await shape(pipeline(input as Iterable<number>, { signal })).count()) > 0);
      assert.equal(input.closed, 0);
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });
  }

  test(`an abort ends a wait for an item that never comes: ${name}`, limit, async () => {
    const input = new LaterNumbers(Infinity, 1);
    const controller = new AbortController();
    const reading = shape(pipeline(input, { signal: controller.signal })).toArray();
    await settle();
    const reason = new RangeError('aborted');
    controller.abort(reason);
    await assert.rejects(reading, (error) => error === reason);
    assert.equal(input.closed, 1);
  });

  test(`an early end does not wait for an item that never comes: ${name}`, limit, async () => {
    const input = new LaterNumbers(Infinity, 1);
    const reader = shape(pipeline(input))[Symbol.asyncIterator]();
    const first = reader.next();
    const second = reader.next();
    await settle();
    await reader.return();
    assert.equal((await second).done, true);
    await first;
    assert.equal(input.closed, 1);
  });

  test(`an error of the source is the one that is thrown: ${name}`, limit, async () => {
    const error = new RangeError('broken');
    function* broken() {
      yield* range(9);
      throw error;
    }
    const seen: unknown[] = [];
    const reading = shape(pipeline(broken())).forEach((x) => void seen.push(x));
    await assert.rejects(reading, (thrown) => thrown === error);
    assert.ok(seen.length > 0, 'what came before the error is lost');
    assert.deepEqual(failedAt(error), { stage: 0, name: 'source', index: 9, item: undefined });
    assert.match(error.stack ?? '', /at the source, item 9 of a pipeline/);
  });
}

test('a signal that has aborted already starts nothing', limit, async () => {
  const input = new Numbers();
  const reason = new RangeError('too late');
  const signal = AbortSignal.abort(reason);
  const p = () => pipeline(input, { signal }).map((x) => x);
  await assert.rejects(p().toArray(), (error) => error === reason);
  await assert.rejects(p().first(), (error) => error === reason);
  await assert.rejects(
    p().forEach((x) => x, { on: pool }),
    (error) => error === reason,
  );
  await assert.rejects(p().toNodeStream().toArray(), (error) => error === reason);
  await assert.rejects(p().pipeTo(new WritableStream()), (error) => error === reason);
  assert.equal(input.opened, 0);
});

test('synchronous stages let timers fire, so that an abort comes through', limit, async () => {
  const reason = new RangeError('enough');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  const endless = pipeline(new Numbers(), { signal: controller.signal }).map((x) => x + 1);
  await assert.rejects(endless.count(), (error) => error === reason);
});

test('stages that hand nothing on can be aborted, and the source is not read after that', limit, async () => {
  const stages: Record<string, Shape> = {
    filter: (items) => items.filter(() => false),
    'asynchronous filter': (items) => items.filter(async () => false),
    flatMap: (items) => items.flatMap(() => []),
    'asynchronous flatMap': (items) => items.flatMap(async () => new LaterNumbers(0)),
    skip: (items) => items.skip(Number.MAX_SAFE_INTEGER),
    window: (items) => items.window(2).filter(() => false),
    'filter on an executor': (items) => items.filter(() => false, { on: pool }),
    'overlapping filter': (items) => items.filter(async () => false, { concurrency: 3 }),
    'two of them': (items) => items.filter(async () => false).flatMap(() => []),
  };
  for (const [name, shape] of Object.entries(stages)) {
    for (const input of [new Numbers(), new LaterNumbers()]) {
      const reason = new RangeError('enough');
      const controller = new AbortController();
      const { signal } = controller;
      setTimeout(() => controller.abort(reason), 5);
      const endless = shape(pipeline(input as Iterable<number>, { signal }));
      await assert.rejects(endless.count(), (error) => error === reason, name);
      const { read } = input;
      await settle();
      assert.ok(input.read <= read + 1, name);
      assert.equal(input.closed, 1, name);
    }
  }
});

test('an iterable that comes after the end is not opened', limit, async () => {
  const gate = deferred<Numbers>();
  const flat = pipeline([1]).flatMap(() => gate.promise);
  const reader = flat[Symbol.asyncIterator]();
  const pending = reader.next();
  await settle();
  await reader.return();
  const inner = new Numbers();
  gate.resolve(inner);
  await pending;
  await settle();
  assert.equal(inner.opened, 0);
});

test('a function whose item is not needed any more sees its signal abort', limit, async () => {
  for (const concurrency of [1, 3]) {
    const reasons: unknown[] = [];
    const stuck = (x: number, { signal }: StageContext) =>
      new Promise<number>((resolve) => {
        if (x === 0) resolve(x);
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          resolve(x);
        });
      });
    // Ended early.
    const reader = pipeline(range(3)).map(stuck, { concurrency })[Symbol.asyncIterator]();
    await reader.next();
    const pending = reader.next();
    await settle();
    await reader.return();
    await pending;
    assert.ok(reasons.length > 0);
    assert.ok(reasons.every((reason) => (reason as Error).name === 'AbortError'));
    // Aborted.
    reasons.length = 0;
    const controller = new AbortController();
    const reading = pipeline(range(3), { signal: controller.signal }).map(stuck, { concurrency }).toArray();
    await settle();
    const reason = new RangeError('aborted');
    controller.abort(reason);
    await assert.rejects(reading, (error) => error === reason);
    assert.ok(reasons.length > 0);
    assert.ok(reasons.every((each) => each === reason));
  }
});

test('work on workers is cancelled with the pipeline', limit, async () => {
  const workers = threads({ workers: 2, graceMs: 10 });
  const started = shared(Int32Array, 1);
  const stuck = (x: number) => {
    if (x < 2) return x;
    Atomics.add(started, 0, 1);
    for (;;);
  };
  const controller = new AbortController();
  const aborted = pipeline(range(10), { signal: controller.signal })
    .map(stuck, { on: workers, chunk: 1 })
    .toArray();
  while (Atomics.load(started, 0) === 0) await settle();
  controller.abort(new RangeError('aborted'));
  await assert.rejects(aborted, /aborted/);
  let n = 0;
  for await (const _ of pipeline(range(10)).map(stuck, { on: workers, chunk: 1 })) if (++n === 2) break;
  assert.deepEqual(await pipeline(range(10)).map(stuck, { on: workers, chunk: 1 }).take(2).toArray(), [0, 1]);
  const stopped = pipeline(range(10), { signal: AbortSignal.timeout(50) }).forEach(stuck, { on: workers });
  await assert.rejects(stopped, { name: 'TimeoutError' });
  // The workers are free again.
  assert.equal(await workers.submit(() => 'free'), 'free');
  await workers.close();
});

test('an executor that is closed meanwhile ends the pipeline with its error', limit, async () => {
  const workers = threads({ workers: 1 });
  const input = new LaterNumbers();
  const reading = pipeline(input)
    .map((x) => x, { on: workers, window: 4 })
    .count();
  const rejected = assert.rejects(reading, { name: 'ExecutorClosedError' });
  await settle();
  await workers.close();
  await rejected;
  assert.equal(input.closed, 1);
});

test('an error comes at its place, after the results before it', limit, async () => {
  const gate = deferred();
  const seen: number[] = [];
  const error = new RangeError('2');
  const reading = pipeline(range(6))
    .map(
      async (x) => {
        if (x === 2) throw error;
        if (x === 0) await gate.promise;
        return x;
      },
      { concurrency: 4 },
    )
    .forEach((x) => void seen.push(x));
  await settle();
  assert.deepEqual(seen, []);
  gate.resolve();
  await assert.rejects(reading, (thrown) => thrown === error);
  assert.deepEqual(seen, [0, 1]);
  assert.deepEqual(failedAt(error), { stage: 1, name: 'map', index: 2, item: 2 });
});

test('after an item that failed no other is begun', limit, async () => {
  const gate = deferred();
  const begun: number[] = [];
  const reading = pipeline(range(20))
    .map(
      async (x) => {
        begun.push(x);
        if (x === 2) throw new RangeError('2');
        if (x === 0) await gate.promise;
        return x;
      },
      { concurrency: 2, window: 10 },
    )
    .toArray();
  await settle();
  assert.deepEqual(begun, [0, 1, 2]);
  gate.resolve();
  await assert.rejects(reading, /2/);
});

test('without order an error comes at once', limit, async () => {
  const error = new RangeError('2');
  const reading = pipeline(range(6))
    .map(
      (x) => {
        if (x === 2) throw error;
        return new Promise<number>(() => undefined);
      },
      { concurrency: 4, ordered: false },
    )
    .toArray();
  await assert.rejects(reading, (thrown) => thrown === error);
});

test('an item behind the last one wanted may fail', limit, async () => {
  const some = pipeline(range(100)).map(
    async (x) => {
      if (x > 2) throw new RangeError('not needed');
      return x;
    },
    { concurrency: 8 },
  );
  assert.deepEqual(await some.take(3).toArray(), [0, 1, 2]);
  await settle();
});

test('a batch that is begun comes before the error', limit, async () => {
  function* broken() {
    yield* [1, 2, 3];
    throw new RangeError('broken');
  }
  for (const options of [{}, { timeoutMs: 60_000 }]) {
    const seen: number[][] = [];
    await assert.rejects(
      pipeline(broken())
        .batch(2, options)
        .forEach((batch) => void seen.push(batch)),
      /broken/,
    );
    assert.deepEqual(seen, [[1, 2], [3]]);
  }
});

class FailsToClose extends LaterNumbers {
  readonly error = new RangeError('cannot close');
  override return(): Promise<IteratorResult<number, undefined>> {
    this.closed++;
    return Promise.reject(this.error);
  }
}

test('a source that fails to close tells the consumer who left early', limit, async () => {
  const inputs = [new FailsToClose(), new FailsToClose(), new FailsToClose(), new FailsToClose()] as const;
  const failed = (k: number) => (error: unknown) => error === inputs[k as 0].error;
  await assert.rejects(async () => {
    for await (const _ of pipeline(inputs[0])) break;
  }, failed(0));
  await assert.rejects(pipeline(inputs[1]).first(), failed(1));
  await assert.rejects(pipeline(inputs[2]).take(2).toArray(), failed(2));
  // take() has closed the source when the loop is left.
  await assert.rejects(async () => {
    for await (const x of pipeline(inputs[3]).take(2)) if (x === 1) break;
  }, failed(3));
  for (const input of inputs) assert.equal(input.closed, 1);
});

test('a source that fails to close does not hide the error before', limit, async () => {
  const input = new FailsToClose();
  const error = new TypeError('first');
  const failing = pipeline(input).forEach(() => {
    throw error;
  });
  await assert.rejects(failing, (thrown) => thrown === error);
  assert.match(error.stack ?? '', /closing the source failed/);
  assert.match(error.stack ?? '', /RangeError: cannot close/);
});

test('what is thrown may be anything', limit, async () => {
  for (const thrown of ['text', undefined, null, 0, Object.freeze(new RangeError('frozen'))]) {
    for (const on of [undefined, pool]) {
      const failing = pipeline([1])
        .map(
          () => {
            throw thrown;
          },
          on === undefined ? {} : ({ on } as object),
        )
        .toArray();
      await assert.rejects(
        failing.then(
          () => undefined,
          (error: unknown) => {
            assert.equal(error, thrown);
            throw new RangeError('rejected');
          },
        ),
        /rejected/,
      );
    }
  }
});

test('one error object that is thrown twice is noted anew, its stack once', limit, async () => {
  const error = new RangeError('the same');
  const fail = (x: number): number => {
    if (x > 0) throw error;
    return x;
  };
  await assert.rejects(pipeline([0, 1]).map(fail).toArray());
  assert.deepEqual(failedAt(error), { stage: 1, name: 'map fail', index: 1, item: 1 });
  await assert.rejects(pipeline([1]).skip(0).map(fail).toArray());
  assert.deepEqual(failedAt(error), { stage: 2, name: 'map fail', index: 0, item: 1 });
  assert.equal(error.stack?.match(/of a pipeline/g)?.length, 1);
  assert.equal(failedAt(new RangeError('of nobody')), undefined);
  assert.equal(failedAt('text'), undefined);
});

test('a pipeline inside a pipeline knows better where it failed', limit, async () => {
  const inner = pipeline([1, 2]).map(function parse(x) {
    if (x === 2) throw new RangeError('inner');
    return x;
  });
  const error: unknown = await pipeline(inner)
    .map((x) => x)
    .toArray()
    .catch((reason: unknown) => reason);
  assert.equal(failedAt(error)?.name, 'map parse');
});
