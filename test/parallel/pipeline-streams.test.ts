import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { PassThrough, Readable, Transform, Writable } from 'node:stream';
import { after, test } from 'node:test';
import { gunzipSync, createGzip } from 'node:zlib';
import { failedAt, pipeline } from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { deferred, LaterNumbers, range, settle } from './inputs.js';

const limit = { timeout: 20_000 };
const lost: unknown[] = [];
process.on('unhandledRejection', (reason) => lost.push(reason));
after(async () => {
  await settle();
  assert.deepEqual(lost, []);
  await assertNoLeaks();
});

/** A web stream of numbers that counts what was asked for and keeps why it was cancelled. */
function webNumbers(length = Infinity, stuckAt = Infinity) {
  const state = { pulled: 0, cancelled: [] as unknown[] };
  const stream = new ReadableStream<number>(
    {
      pull(controller) {
        if (state.pulled >= stuckAt) return new Promise(() => undefined);
        if (state.pulled >= length) controller.close();
        else controller.enqueue(state.pulled++);
      },
      cancel: (reason: unknown) => void state.cancelled.push(reason),
    },
    { highWaterMark: 0 },
  );
  return { state, stream };
}

test('a web stream is a source; it is cancelled once when the pipeline ends before it', limit, async () => {
  const whole = webNumbers(5);
  assert.deepEqual(await pipeline(whole.stream).toArray(), range(5));
  assert.deepEqual(whole.state.cancelled, []);
  assert.equal(whole.stream.locked, false);

  const part = webNumbers();
  assert.deepEqual(await pipeline(part.stream).take(2).toArray(), [0, 1]);
  assert.equal(part.state.cancelled.length, 1);
  assert.equal(part.state.pulled, 2);
  assert.equal(part.stream.locked, false);
});

test('an abort cancels a web stream that keeps us waiting', limit, async () => {
  const { state, stream } = webNumbers(Infinity, 1);
  const controller = new AbortController();
  const reading = pipeline(stream, { signal: controller.signal }).toArray();
  await settle();
  const reason = new RangeError('aborted');
  controller.abort(reason);
  await assert.rejects(reading, (error) => error === reason);
  assert.deepEqual(state.cancelled, [reason]);
});

test('a web stream that fails is a source that fails', limit, async () => {
  const error = new RangeError('broken');
  const stream = new ReadableStream<number>({
    start(controller) {
      controller.enqueue(1);
    },
    pull: () => Promise.reject(error),
  });
  await assert.rejects(pipeline(stream).toArray(), (thrown) => thrown === error);
  assert.equal(failedAt(error)?.stage, 0);
});

test('a Node stream is a source; it is destroyed when the pipeline ends before it', limit, async () => {
  assert.deepEqual(await pipeline(Readable.from(range(5))).toArray(), range(5));
  const part = Readable.from(range(1000));
  assert.deepEqual(await pipeline<number>(part).take(2).toArray(), [0, 1]);
  assert.equal(part.destroyed, true);
  // One that keeps us waiting.
  const stuck = new Readable({ objectMode: true, read: () => undefined });
  const controller = new AbortController();
  const reading = pipeline(stuck, { signal: controller.signal }).toArray();
  await settle();
  controller.abort(new RangeError('aborted'));
  await assert.rejects(reading, /aborted/);
  assert.equal(stuck.destroyed, true);
  const error = new RangeError('broken');
  const broken = new Readable({ objectMode: true, read: () => broken.destroy(error) });
  await assert.rejects(pipeline(broken).toArray(), (thrown) => thrown === error);
});

test('through() sends items through generators, web and Node transforms', limit, async () => {
  async function* doubled(items: AsyncIterable<number>): AsyncGenerator<number> {
    for await (const x of items) yield x * 2;
  }
  const web = new TransformStream<number, string>({
    transform: (x, controller) => controller.enqueue(`${x}`),
    flush: (controller) => controller.enqueue('end'),
  });
  const node = new Transform({
    objectMode: true,
    transform: (text: string, _, callback) => callback(null, `<${text}>`),
  });
  const all = pipeline(range(3)).through(doubled).through(web).through<string>(node);
  assert.deepEqual(await all.toArray(), ['<0>', '<2>', '<4>', '<end>']);
});

test('through() takes a stream of bytes', limit, async () => {
  const zipped = await pipeline(['to be, ', 'or not'])
    .map((text) => Buffer.from(text))
    .through<Buffer>(createGzip())
    .toArray();
  assert.equal(gunzipSync(Buffer.concat(zipped)).toString(), 'to be, or not');
});

test('a generator that returns early closes what is above it', limit, async () => {
  const input = new LaterNumbers();
  let closedWhenAsked = -1;
  async function* two(items: AsyncIterable<number>) {
    let n = 0;
    for await (const x of items) {
      yield x;
      if (++n === 2) break;
    }
    closedWhenAsked = input.closed;
    yield -1;
  }
  assert.deepEqual(await pipeline(input).through(two).toArray(), [0, 1, -1]);
  assert.equal(closedWhenAsked, 1);
  // Without having read to the end, or at all.
  const unread = new LaterNumbers();
  const none = pipeline(unread)
    .map((x) => x)
    .through(async function* () {
      yield 'nothing';
    });
  assert.deepEqual(await none.toArray(), ['nothing']);
  const half = new LaterNumbers();
  const one = pipeline(half).through(async function* (items) {
    yield (await items.next()).value;
  });
  assert.deepEqual(await one.toArray(), [0]);
  assert.equal(half.closed, 1);
});

test('a generator gets to its finally, whatever ends the pipeline', limit, async () => {
  const ends: string[] = [];
  const watched = (name: string) =>
    async function* (items: AsyncIterable<number>) {
      try {
        for await (const x of items) yield x;
        ends.push(`${name} done`);
      } finally {
        ends.push(`${name} finally`);
      }
    };
  await pipeline(new LaterNumbers(2)).through(watched('end')).count();
  await pipeline(new LaterNumbers()).through(watched('take')).take(1).count();
  await assert.rejects(
    pipeline(new LaterNumbers())
      .through(watched('error'))
      .forEach(() => {
        throw new RangeError('stop');
      }),
  );
  const controller = new AbortController();
  const reading = pipeline(new LaterNumbers(Infinity, 1), { signal: controller.signal })
    .through(watched('abort'))
    .count();
  await settle();
  controller.abort(new RangeError('aborted'));
  await assert.rejects(reading, /aborted/);
  await settle();
  assert.deepEqual(ends, ['end done', 'end finally', 'take finally', 'error finally', 'abort finally']);
});

test('a generator may handle the error of a stage above it', limit, async () => {
  const recovered = pipeline(range(5))
    .map((x) => {
      if (x === 2) throw new RangeError('two');
      return `${x}`;
    })
    .through(async function* (items) {
      try {
        yield* items;
      } catch (error) {
        yield (error as Error).message;
      }
    });
  assert.deepEqual(await recovered.toArray(), ['0', '1', 'two']);
});

test('an error inside a transform, or above it, arrives as it was thrown', limit, async () => {
  const makers = {
    web: (fail: (x: number) => number) =>
      new TransformStream<number, number>({ transform: (x, controller) => controller.enqueue(fail(x)) }),
    node: (fail: (x: number) => number) =>
      new Transform({
        objectMode: true,
        transform(x: number, _, callback) {
          try {
            callback(null, fail(x));
          } catch (error) {
            callback(error as Error);
          }
        },
      }),
    generator: (fail: (x: number) => number) =>
      async function* (items: AsyncIterable<number>) {
        for await (const x of items) yield fail(x);
      },
  };
  for (const [kind, make] of Object.entries(makers)) {
    const inside = new RangeError(`inside ${kind}`);
    const fail = (x: number) => {
      if (x === 2) throw inside;
      return x;
    };
    const input = new LaterNumbers();
    await assert.rejects(
      pipeline(input)
        .through(make(fail) as never)
        .toArray(),
      (error) => error === inside,
    );
    assert.equal(input.closed, 1, kind);
    assert.equal(failedAt(inside)?.stage, 1);
    const above = new RangeError(`above ${kind}`);
    const source = new LaterNumbers();
    await assert.rejects(
      pipeline(source)
        .map((x) => {
          if (x === 3) throw above;
          return x;
        })
        .through(make((x) => x) as never)
        .toArray(),
      (error) => error === above,
    );
    assert.equal(source.closed, 1, kind);
    assert.deepEqual(failedAt(above), { stage: 1, name: 'map', index: 3, item: 3 });
  }
});

test('an early end destroys a Node transform and cancels a web one', limit, async () => {
  const node = new PassThrough({ objectMode: true });
  const input = new LaterNumbers();
  assert.deepEqual(await pipeline(input).through(node).take(2).toArray(), [0, 1]);
  assert.equal(node.destroyed, true);
  assert.equal(input.closed, 1);
  const web = new TransformStream<number, number>();
  const other = new LaterNumbers();
  assert.deepEqual(await pipeline(other).through(web).take(2).toArray(), [0, 1]);
  assert.equal(other.closed, 1);
});

test('an abort tells streams that nobody reads at the moment', limit, async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new RangeError('aborted');
  const web = pipeline(new LaterNumbers(), { signal }).toWebStream().getReader();
  await web.read();
  const node = pipeline(new LaterNumbers(), { signal }).toNodeStream();
  const closed = deferred<unknown>();
  node.once('error', closed.resolve);
  controller.abort(reason);
  assert.equal(await closed.promise, reason);
  await assert.rejects(web.closed, (error) => error === reason);
  await assert.rejects(web.read(), (error) => error === reason);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('streams that are ended while they wait for an item end the pipeline', limit, async () => {
  const [forNode, forWeb] = [new LaterNumbers(Infinity, 0), new LaterNumbers(Infinity, 0)];
  const node = pipeline(forNode).toNodeStream();
  const closed = deferred();
  node.once('close', closed.resolve).once('data', () => assert.fail('data'));
  await settle();
  node.destroy();
  await closed.promise;
  assert.equal(forNode.closed, 1);
  const web = pipeline(forWeb).toWebStream().getReader();
  const pending = web.read();
  await settle();
  await web.cancel();
  assert.equal((await pending).done, true);
  assert.equal(forWeb.closed, 1);
});

test('streams fail with what the pipeline fails with', limit, async () => {
  const error = new RangeError('two');
  const failing = () =>
    pipeline(range(5)).map((x) => {
      if (x === 2) throw error;
      return x;
    });
  const reader = failing().toWebStream().getReader();
  assert.equal((await reader.read()).value, 0);
  assert.equal((await reader.read()).value, 1);
  await assert.rejects(reader.read(), (thrown) => thrown === error);
  await assert.rejects(failing().toNodeStream().toArray(), (thrown) => thrown === error);
  await assert.rejects(pipeline([1, null]).toNodeStream().toArray(), /cannot carry the item null/);
  assert.deepEqual(await pipeline([undefined, 0, '']).toNodeStream().toArray(), [undefined, 0, '']);
});

test('pipeTo() writes at the pace of the destination and closes it', limit, async () => {
  for (const preventClose of [false, true]) {
    const events: unknown[] = [];
    const input = new LaterNumbers(4);
    const web = new WritableStream<number>({
      async write(x) {
        await settle();
        events.push(x);
        assert.ok(input.read <= x + 3);
      },
      close: () => void events.push('close'),
    });
    await pipeline(input).pipeTo(web, { preventClose });
    assert.deepEqual(events, preventClose ? range(4) : [...range(4), 'close']);
    events.length = 0;
    const node = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(x, _, callback) {
        events.push(x);
        setImmediate(callback);
      },
      final(callback) {
        events.push('close');
        callback();
      },
    });
    await pipeline(new LaterNumbers(4)).pipeTo(node, { preventClose });
    assert.deepEqual(events, preventClose ? range(4) : [...range(4), 'close']);
  }
});

test(
  'pipeTo() ends the pipeline when the destination fails, and the destination when the pipeline does',
  limit,
  async () => {
    const full = new RangeError('full');
    const input = new LaterNumbers();
    const web = new WritableStream<number>({
      write(x) {
        if (x === 2) throw full;
      },
    });
    await assert.rejects(pipeline(input).pipeTo(web), (error) => error === full);
    assert.equal(input.closed, 1);
    const other = new LaterNumbers();
    const node = new Writable({
      objectMode: true,
      write: (x, _, callback) => callback(x === 2 ? full : null),
    });
    await assert.rejects(pipeline(other).pipeTo(node), (error) => error === full);
    assert.equal(other.closed, 1);

    const broken = new RangeError('broken');
    const failing = () =>
      pipeline(range(5)).map((x) => {
        if (x === 2) throw broken;
        return x;
      });
    const aborted: unknown[] = [];
    await assert.rejects(
      failing().pipeTo(new WritableStream({ abort: (reason: unknown) => void aborted.push(reason) })),
      (error) => error === broken,
    );
    assert.deepEqual(aborted, [broken]);
    const destination = new Writable({ objectMode: true, write: (_x, _, callback) => callback() });
    await assert.rejects(failing().pipeTo(destination), (error) => error === broken);
    assert.equal(destination.destroyed, true);
  },
);
