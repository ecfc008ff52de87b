import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  failedAt,
  pipeline,
  PipelineConsumedError,
  processes,
  serial,
  threads,
  type Executor,
  type Pipeline,
} from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { LaterNumbers, Numbers, range } from './inputs.js';

const limit = { timeout: 30_000 };
after(assertNoLeaks);

test('stages of one thread do what their namesakes of arrays do', limit, async () => {
  const p = () => pipeline(range(10));
  assert.deepEqual(await p().toArray(), range(10));
  assert.deepEqual(
    await p()
      .map((x) => x * 2)
      .toArray(),
    range(10).map((x) => x * 2),
  );
  assert.deepEqual(
    await p()
      .filter((x) => x % 3 === 0)
      .toArray(),
    [0, 3, 6, 9],
  );
  assert.deepEqual(
    await p()
      .flatMap((x) => [x, -x])
      .toArray(),
    range(10).flatMap((x) => [x, -x]),
  );
  assert.deepEqual(await p().take(3).toArray(), [0, 1, 2]);
  assert.deepEqual(await p().take(0).toArray(), []);
  assert.deepEqual(await p().take(99).toArray(), range(10));
  assert.deepEqual(await p().skip(7).toArray(), [7, 8, 9]);
  assert.deepEqual(await p().skip(99).toArray(), []);
  assert.deepEqual(await p().skip(2).take(2).toArray(), [2, 3]);
  assert.equal(await p().count(), 10);
  assert.equal(await p().first(), 0);
  assert.equal(await p().skip(10).first(), undefined);
  assert.equal(await p().reduce((a, b) => a + b), 45);
  assert.equal(await p().reduce((text, x) => text + x, ''), '0123456789');
  assert.equal(await p().reduce(async (a, b) => a + b, 100), 145);
  await assert.rejects(
    pipeline([] as number[]).reduce((a, b) => a + b),
    TypeError,
  );
  assert.equal(await pipeline([] as number[]).reduce((a, b) => a + b, 7), 7);
  assert.equal(
    await pipeline([] as number[]).reduce<number | undefined>((a, b) => (a ?? 0) + b, undefined),
    undefined,
  );
});

test('stages await what asynchronous functions return', limit, async () => {
  const later = pipeline(new LaterNumbers(6))
    .map(async (x) => x + 1)
    .filter(async (x) => {
      await turn();
      return x % 2 === 0;
    })
    .tap(async () => turn())
    .flatMap(async (x) => [x, x])
    .scan(async (sum, x) => sum + x, 0);
  assert.deepEqual(await later.toArray(), [2, 4, 8, 12, 18, 24]);
});

test('batches, windows and buffers hold every item once, in order', limit, async () => {
  for (const source of [() => new Numbers(7), () => new LaterNumbers(7)]) {
    const p = () => pipeline<number>(source() as Iterable<number>);
    assert.deepEqual(await p().batch(3).toArray(), [[0, 1, 2], [3, 4, 5], [6]]);
    assert.deepEqual(await p().batch(7).toArray(), [range(7)]);
    assert.deepEqual(await p().batch(3, { timeoutMs: 10_000 }).toArray(), [[0, 1, 2], [3, 4, 5], [6]]);
    assert.deepEqual(
      await p().window(3).toArray(),
      [0, 1, 2, 3, 4].map((x) => [x, x + 1, x + 2]),
    );
    assert.deepEqual(await p().window(2, { step: 2 }).toArray(), [[0, 1], [2, 3], [4, 5]]); // prettier-ignore
    assert.deepEqual(await p().window(2, { step: 4 }).toArray(), [[0, 1], [4, 5]]); // prettier-ignore
    assert.deepEqual(await p().window(9).toArray(), []);
    assert.deepEqual(await p().buffer(3).toArray(), range(7));
  }
});

test('a batch that is not full goes on when its time is up', limit, async () => {
  async function* slow() {
    yield 1;
    yield 2;
    await new Promise((resolve) => setTimeout(resolve, 60));
    yield 3;
  }
  assert.deepEqual(await pipeline(slow()).batch(10, { timeoutMs: 10 }).toArray(), [[1, 2], [3]]);
});

test('flatMap reads iterables of both kinds as they are needed', limit, async () => {
  const inner = new Numbers();
  const some = pipeline([1]).flatMap(() => inner);
  assert.deepEqual(await some.take(4).toArray(), [0, 1, 2, 3]);
  assert.equal(inner.read, 4);
  assert.equal(inner.closed, 1);
  assert.deepEqual(
    await pipeline([2, 3])
      .flatMap((n) => new LaterNumbers(n))
      .toArray(),
    [0, 1, 0, 1, 2],
  );
  // Neither strings nor what is no iterable is taken apart.
  assert.deepEqual(
    await pipeline(['ab', 'cd'])
      .flatMap((text) => text)
      .toArray(),
    ['ab', 'cd'],
  );
});

test('any number of items in a row may lead to nothing', limit, async () => {
  const found = pipeline(range(30_000))
    .filter(async (x) => x === 29_999)
    .flatMap(async (x) => [x]);
  assert.deepEqual(await found.toArray(), [29_999]);
  assert.equal(
    await pipeline(range(30_000))
      .flatMap(async function* () {
        // Nothing.
      })
      .count(),
    0,
  );
});

test('promises in a synchronous source are awaited', limit, async () => {
  const texts: Pipeline<string> = pipeline(['a', Promise.resolve('b')]);
  assert.deepEqual(await texts.toArray(), ['a', 'b']);
  const error = new RangeError('no c');
  await assert.rejects(pipeline(['a', Promise.reject(error)]).toArray(), error);
});

test(
  'sources may be array-likes, sets, typed arrays, results of an executor, other pipelines',
  limit,
  async () => {
    assert.deepEqual(await pipeline({ length: 2, 0: 'x', 1: 'y' }).toArray(), ['x', 'y']);
    assert.deepEqual(await pipeline(new Set([1, 2])).toArray(), [1, 2]);
    assert.deepEqual(await pipeline(Float64Array.of(0.5, 1.5)).toArray(), [0.5, 1.5]);
    assert.deepEqual(await pipeline('ab').toArray(), ['a', 'b']);
    const pool = serial();
    assert.deepEqual(await pipeline(pool.stream([1, 2], (x) => x + 1)).toArray(), [2, 3]);
    assert.deepEqual(await pipeline(pipeline([1, 2]).map((x) => x * 5)).toArray(), [5, 10]);
    await pool.close();
  },
);

test('calls of next() that do not wait for each other are served in order', limit, async () => {
  const reader = pipeline(new LaterNumbers(3))[Symbol.asyncIterator]();
  const steps = await Promise.all([
    reader.next(),
    reader.next(),
    reader.next(),
    reader.next(),
    reader.next(),
  ]);
  assert.deepEqual(
    steps.map((step) => step.value),
    [0, 1, 2, undefined, undefined],
  );
});

test('a pipeline and what is derived from it can be read once, in all', limit, async () => {
  const base = pipeline([1, 2, 3]);
  const doubled = base.map((x) => x * 2);
  const halved = base.map((x) => x / 2);
  assert.deepEqual(await doubled.toArray(), [2, 4, 6]);
  for (const again of [
    () => doubled.toArray(),
    () => halved.count(),
    async () => {
      for await (const _ of base) assert.fail('read');
    },
    async () => base.toWebStream(),
    async () => base.toNodeStream(),
    () => base.pipeTo(new WritableStream()),
    () => base.reduce((a, b) => a + b),
    () => base.forEach(() => undefined),
    () => base.first(),
  ]) {
    await assert.rejects(again, (error: PipelineConsumedError) => {
      assert.ok(error instanceof PipelineConsumedError);
      assert.equal(error.code, 'ERR_TUTTI_PIPELINE_CONSUMED');
      assert.match(error.message, /came after toArray/);
      return true;
    });
  }
});

test('nothing is touched before the pipeline is read', limit, async () => {
  const input = new Numbers(3);
  const made = pipeline(input)
    .map((x) => x)
    .through((items) => items)
    .batch(2);
  const stream = made.toWebStream();
  await turn();
  assert.equal(input.opened, 0);
  await stream.cancel();
  assert.equal(input.opened, 0);
});

test('wrong arguments are refused when they are given', limit, async () => {
  const p = () => pipeline([1, 2, 3]);
  const pool = serial();
  const wrong = (run: () => unknown, type: typeof TypeError, message: RegExp) =>
    assert.throws(run, (error: Error) => {
      assert.ok(error instanceof type, error.stack ?? '');
      assert.match(error.message, message);
      return true;
    });
  wrong(() => pipeline(5 as never), TypeError, /pipeline\(\) needs an array.*5/);
  wrong(() => pipeline(null as never), TypeError, /null/);
  wrong(() => pipeline([], { sginal: 1 } as never), TypeError, /signal/);
  wrong(() => p().map(5 as never), TypeError, /pipeline\.map\(\) needs a function/);
  wrong(() => p().map((x) => x, { concurency: 3 } as never), TypeError, /did you mean `concurrency`/);
  wrong(() => p().map((x) => x, { concurrency: 0 }), RangeError, /concurrency/);
  wrong(() => p().map((x) => x, { concurrency: 4, window: 3 }), RangeError, /at least the concurrency, 4/);
  wrong(() => p().map((x) => x, { on: 5 } as never), TypeError, /an executor, such as threads\(\)/);
  wrong(() => p().map((x) => x, { on: pool, chunks: 5 } as never), TypeError, /did you mean `chunk`/);
  wrong(() => p().map((x) => x, { on: pool, concurrency: 0 }), RangeError, /concurrency/);
  wrong(() => p().map((x) => x, { on: pool, signal: 5 } as never), TypeError, /give it to pipeline/);
  wrong(() => p().filter('x' as never), TypeError, /pipeline\.filter/);
  wrong(() => p().take(-1), RangeError, /pipeline\.take\(\) needs an integer of at least 0/);
  wrong(() => p().batch(0), RangeError, /at least 1/);
  wrong(() => p().batch('2' as never), TypeError, /a number of items/);
  wrong(() => p().batch(2, { timeout: 5 } as never), TypeError, /did you mean `timeoutMs`/);
  wrong(() => p().window(2, { step: 0 }), RangeError, /step/);
  wrong(() => p().through(5 as never), TypeError, /TransformStream or a Node Transform/);
  await assert.rejects(p().forEach(undefined as never), TypeError);
  await assert.rejects(p().pipeTo({} as never), TypeError);
  await assert.rejects(
    p()
      .through(() => 5 as never)
      .toArray(),
    /what through returns needs an array/,
  );
  // `undefined` counts as absent.
  assert.equal(
    await p()
      .map((x) => x, { on: undefined } as never)
      .count(),
    3,
  );
  await pool.close();
});

const places: Record<string, () => Executor> = {
  'serial()': () => serial(),
  'threads()': () => threads({ workers: 2 }),
  'processes()': () => processes({ workers: 2 }),
};

for (const [name, open] of Object.entries(places)) {
  void describe(`stages on ${name}`, () => {
    test('give what stages of one thread give', limit, async () => {
      const pool = open();
      const offset = 1000;
      const p = () => pipeline(new LaterNumbers(200));
      const mapped = p().map((x) => x + offset, { on: pool });
      assert.deepEqual(
        await mapped.toArray(),
        range(200).map((x) => x + 1000),
      );
      const items = range(50).map((x) => ({ x }));
      const kept = await pipeline(items)
        .filter(({ x }) => x % 7 === 0, { on: pool })
        .toArray();
      const wanted = items.filter(({ x }) => x % 7 === 0);
      assert.deepEqual(kept, wanted);
      assert.ok(
        kept.every((each, k) => each === wanted[k]),
        'the items are copies',
      );
      const any = await pipeline(items)
        .filter(async ({ x }) => x % 7 === 0, { on: pool, ordered: false })
        .toArray();
      assert.deepEqual(new Set(any), new Set(wanted));
      const unordered = await p()
        .map((x) => x, { on: pool, ordered: false })
        .toArray();
      assert.deepEqual(
        unordered.sort((a, b) => a - b),
        range(200),
      );
      const flat = pipeline([1, 2, 3]).flatMap(
        function* (n) {
          for (let i = 0; i < n; i++) yield n;
        },
        { on: pool },
      );
      assert.deepEqual(await flat.toArray(), [1, 2, 2, 3, 3, 3]);
      const words = pipeline(['to be', 'or not']).flatMap((line) => line.split(' '), { on: pool });
      assert.deepEqual(await words.toArray(), ['to', 'be', 'or', 'not']);
      const sets = pipeline([1, 2]).flatMap(async (n) => new Set([n, n * 10]), { on: pool });
      assert.deepEqual(await sets.toArray(), [1, 10, 2, 20]);
      await pool.close();
    });

    test('follow each other, with stages of this thread between them', limit, async () => {
      const pool = open();
      const sum = await pipeline(range(100))
        .map((x) => x * 2, { on: pool, window: 10 })
        .map(async (x) => x + 1, { concurrency: 3 })
        .batch(10)
        .map((batch) => batch.reduce((a, b) => a + b), { on: pool, ordered: false })
        .reduce((a, b) => a + b);
      assert.equal(sum, 9900 + 100);
      await pool.close();
    });

    test('name themselves and the item when they fail', limit, async () => {
      const pool = open();
      class Bad extends RangeError {}
      function check(x: number): number {
        if (x === 37) throw new Bad(`bad ${x}`);
        return x;
      }
      const seen: number[] = [];
      const failing = pipeline(range(100))
        .skip(10)
        .map(check, { on: pool })
        .forEach((x) => void seen.push(x));
      await assert.rejects(failing, (error: Error) => {
        assert.ok(error instanceof RangeError);
        assert.equal(error.message, 'bad 37');
        assert.deepEqual(failedAt(error), { stage: 2, name: 'map check', index: 27, item: 37 });
        assert.match(error.stack ?? '', /at stage 2 \(map check\), item 27 of a pipeline/);
        return true;
      });
      assert.deepEqual(seen, range(37).slice(10));
      await pool.close();
    });
  });
}

test('forEach() on workers runs there, and its failure is the one that was thrown', limit, async () => {
  const pool = threads({ workers: 2 });
  const { shared } = await import('tutti');
  const seen = shared(Int32Array, 100);
  await pipeline(new LaterNumbers(100)).forEach(
    (x) => {
      Atomics.add(seen, x, 1);
    },
    { on: pool },
  );
  assert.ok(seen.every((times) => times === 1));
  const input = new Numbers();
  const failing = pipeline(input).forEach(
    (x) => {
      if (x === 500) throw new RangeError('enough');
    },
    { on: pool },
  );
  await assert.rejects(failing, (error) => {
    assert.deepEqual(failedAt(error), { stage: 1, name: 'forEach', index: undefined, item: undefined });
    return (error as Error).message === 'enough';
  });
  assert.equal(input.closed, 1);
  await pool.close();
});
