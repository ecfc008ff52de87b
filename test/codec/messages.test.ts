import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, FrameError, MessageReader, MessageWriter, type Message } from '#src/codec/index.js';

const timeout = 30_000;

const values: unknown[] = [
  1,
  { text: 'x'.repeat(50) },
  [new Float64Array(2000).fill(1.5), 'between', new Uint8Array(20_000).fill(7)],
  'y'.repeat(40_000),
  null,
  [new Uint8Array(8192), new Uint8Array(0)],
];

function stream(list: readonly unknown[] = values): Uint8Array {
  const writer = new MessageWriter();
  for (const value of list) writer.add(encode(value));
  const bytes = writer.byteLength;
  const all = Buffer.concat(writer.take());
  assert.equal(all.length, bytes);
  assert.equal(writer.byteLength, 0);
  return all;
}

const read = (messages: readonly Message[]): unknown[] =>
  messages.map(({ frame, buffers }) => decode(frame, buffers));

test('messages arrive in order, however the stream is cut', { timeout }, () => {
  const all = stream();
  for (const size of [1, 2, 7, 11, 12, 13, 100, 4096, 65_536, all.length]) {
    const reader = new MessageReader();
    const messages: Message[] = [];
    for (let at = 0; at < all.length; at += size) messages.push(...reader.push(all.slice(at, at + size)));
    reader.end();
    assert.deepStrictEqual(read(messages), values, `chunks of ${size}`);
  }
});

test('one piece of memory does for all chunks, when messages are decoded as they come', { timeout }, () => {
  const all = stream();
  for (const size of [1, 7, 100, 1000, 4096, 10_000, 65_536]) {
    const reader = new MessageReader();
    const scratch = new Uint8Array(size);
    const found: unknown[] = [];
    for (let at = 0; at < all.length; at += size) {
      const chunk = scratch.subarray(0, Math.min(size, all.length - at));
      chunk.set(all.subarray(at, at + chunk.length));
      found.push(...read(reader.push(chunk)));
      scratch.fill(0xff);
    }
    assert.deepStrictEqual(found, values, `chunks of ${size}`);
  }
});

test('messages can be read into the memory that they need', { timeout }, () => {
  const all = stream();
  const reader = new MessageReader();
  const messages: Message[] = [];
  let reads = 0;
  for (let at = 0; at < all.length; reads++) {
    const wanted = reader.wanted();
    assert.ok(wanted.length > 0);
    const count = Math.min(wanted.length, 30_000, all.length - at);
    wanted.set(all.subarray(at, at + count));
    at += count;
    const message = reader.wrote(count);
    if (message !== undefined) messages.push(message);
  }
  reader.end();
  assert.deepStrictEqual(read(messages), values);
  assert.ok(reads < 40, String(reads));
  assert.throws(() => reader.wrote(1e9), RangeError);
});

test('what lies in one chunk is not copied, and a buffer becomes memory of the value', { timeout }, () => {
  const chunk = stream([['a', new Float64Array(2000)]]);
  const [message] = new MessageReader().push(chunk);
  assert.equal(message!.frame.buffer, chunk.buffer);
  const [, array] = decode(message!.frame, message!.buffers) as [string, Float64Array];
  assert.equal(array.buffer, message!.buffers[0]!.buffer);
});

test('small messages share a chunk, large buffers are chunks as they are', { timeout }, () => {
  const writer = new MessageWriter();
  for (let i = 0; i < 50; i++) writer.add(encode({ i }));
  const large = new Uint8Array(100_000);
  writer.add(encode(large));
  writer.add(encode('end'));
  const chunks = writer.take();
  assert.equal(chunks.length, 3);
  assert.equal(chunks[1]!.buffer, large.buffer);
  const taken = Buffer.from(chunks[2]!);
  for (let i = 0; i < 2000; i++) writer.add(encode('something else'));
  assert.deepEqual(Buffer.from(chunks[2]!), taken);
  assert.deepEqual(writer.take().length > 0 && writer.take(), []);
});

test('a stream that ends inside a message is refused at its end', { timeout }, () => {
  const all = stream([values[2], 'x']);
  const complete = new Set([0, stream([values[2]]).length, all.length]);
  for (let length = 0; length <= all.length; length += length < 200 || length > all.length - 50 ? 1 : 97) {
    const reader = new MessageReader();
    reader.push(all.subarray(0, length));
    if (complete.has(length)) reader.end();
    else
      assert.throws(
        () => reader.end(),
        (error) => error instanceof FrameError && error.fault === 'truncated',
      );
  }
});

test('hostile heads are refused before memory is taken, and the reader stays refused', { timeout }, () => {
  const head = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
  const cases: [string, Uint8Array][] = [
    ['magic', head(1, 0x4d, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0)],
    ['magic', Buffer.from('HTTP/1.1 200 OK\r\n')],
    ['version', head(0x7a, 0x4d, 9, 0, 8, 0, 0, 0, 0, 0, 0, 0)],
    ['tag', head(0x7a, 0x4d, 1, 5, 8, 0, 0, 0, 0, 0, 0, 0)],
    ['count', head(0x7a, 0x4d, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0)],
    ['limit', head(0x7a, 0x4d, 1, 0, 255, 255, 255, 255, 0, 0, 0, 0)],
    ['limit', head(0x7a, 0x4d, 1, 0, 8, 0, 0, 0, 255, 255, 255, 255)],
    ['limit', head(0x7a, 0x4d, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0)],
    ['limit', head(0x7a, 0x4d, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0)],
  ];
  for (const [fault, bytes] of cases) {
    const before = process.memoryUsage().rss;
    const reader = new MessageReader();
    const isFault = (error: unknown): boolean => error instanceof FrameError && error.fault === fault;
    assert.throws(() => reader.push(bytes), isFault, fault);
    assert.throws(() => reader.push(stream(['good'])), isFault);
    assert.throws(() => reader.wanted(), isFault);
    assert.throws(() => reader.end(), isFault);
    assert.ok(process.memoryUsage().rss - before < 64e6);
  }
});

test('limits are options', { timeout }, () => {
  const bytes = stream([new Uint8Array(10_000)]);
  assert.throws(() => new MessageReader({ maxBytes: 9000 }).push(bytes), /maxBytes is 9000/);
  assert.throws(() => new MessageReader({ maxBuffers: 0 }).push(bytes), /more than maxBuffers \(0\)/);
  assert.throws(() => new MessageReader({ maxBytes: -1 }), RangeError);
});
