/** A pipeline that ends before it has read anything closes what it was given and what its stages have begun. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { after, test } from 'node:test';
import { ExecutorClosedError, pipeline, serial, threads, type Pipeline } from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { settle } from './inputs.js';

const limit = { timeout: 20_000 };
const lost: unknown[] = [];
process.on('unhandledRejection', (reason) => lost.push(reason));
after(async () => {
  await settle();
  assert.deepEqual(lost, []);
  await assertNoLeaks();
});

const reason = new RangeError('not even begun');
const pool = serial();
after(() => pool.close());

type Shape = (items: Pipeline<number>) => Pipeline<unknown>;

const shapes: Record<string, Shape> = {
  'no stage': (items) => items,
  map: (items) => items.map((x) => x, { concurrency: 4 }),
  'map on an executor': (items) => items.map((x) => x, { on: pool }),
  'unordered filter on an executor': (items) => items.filter(() => true, { on: pool, ordered: false }),
  flatMap: (items) => items.flatMap((x) => [x]),
  'timed batch': (items) => items.batch(2, { timeoutMs: 60_000 }),
  buffer: (items) => items.buffer(8),
  'async generator': (items) =>
    items.through(async function* (all) {
      for await (const each of all) yield each;
    }),
  TransformStream: (items) => items.through(new TransformStream()),
  take: (items) => items.take(5),
};

/** A web stream that notes why it was cancelled. */
function webStream(): { readonly stream: ReadableStream<number>; readonly cancelled: unknown[] } {
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<number>({ cancel: (why) => void cancelled.push(why) });
  return { stream, cancelled };
}

for (const [name, shape] of Object.entries(shapes)) {
  test(`a signal that has aborted closes a stream that was not read: ${name}`, limit, async () => {
    const signal = AbortSignal.abort(reason);
    const node = Readable.from([1, 2]);
    await assert.rejects(shape(pipeline<number>(node, { signal })).toArray(), reason);
    assert.equal(node.destroyed, true);
    const { stream, cancelled } = webStream();
    await assert.rejects(shape(pipeline(stream, { signal })).toArray(), reason);
    assert.deepEqual(cancelled, [reason]);
  });

  test(`leaving before the first item closes a stream that was not read: ${name}`, limit, async () => {
    const node = Readable.from([1, 2]);
    await shape(pipeline<number>(node))[Symbol.asyncIterator]().return();
    assert.equal(node.destroyed, true);
    const { stream, cancelled } = webStream();
    await shape(pipeline(stream))[Symbol.asyncIterator]().return();
    assert.equal(cancelled.length, 1);
  });
}

test('a stream that another reader has is left to it', limit, async () => {
  const { stream, cancelled } = webStream();
  const reader = stream.getReader();
  await assert.rejects(pipeline(stream, { signal: AbortSignal.abort(reason) }).toArray(), reason);
  assert.deepEqual(cancelled, []);
  await reader.cancel();
});

test('a stage that cannot start closes the source and the stages above it', limit, async () => {
  const open = threads({ workers: 1 });
  const closed = threads({ workers: 1 });
  await closed.close();
  const node = Readable.from([1, 2]);
  const stages = pipeline<number>(node)
    .map((x) => x, { on: open })
    .map((x) => x, { on: closed });
  await assert.rejects(stages.toArray(), ExecutorClosedError);
  await settle();
  assert.equal(node.destroyed, true);
  await open.close();
});
