import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { decode, encode, isReadOnly, markReadOnly } from '#src/codec/index.js';
import { pack } from '#src/closure/index.js';
import { mapFile } from '#src/memory/map-file.js';
import { move } from '#src/memory/move.js';
import { shared } from '#src/memory/shared.js';
import { Transit, type TransitOptions } from '#src/memory/transit.js';
import { assertNoLeaks } from '../leaks.ts';
import { dist, ended, exists, folder, lineOf, missing, notLinux, program, until } from './mapped.ts';

const options = { timeout: 30_000, skip: missing };
const onLinux = { timeout: 30_000, skip: notLinux };

after(assertNoLeaks);

const SEAT = 3;
const LENGTH = 200_000;

/** A sender and a receiver in this thread, which is closed with the test. */
function both(
  t: { after(f: () => void): void },
  own: TransitOptions = {},
): { sender: Transit; receiver: Transit } {
  const sender = new Transit(own);
  t.after(() => sender.close());
  return { sender, receiver: new Transit({ seat: SEAT, maxBytes: 0 }) };
}

function send(sender: Transit, value: unknown): ReturnType<typeof encode> {
  return sender.parcel(SEAT).make((share) => encode(value, { share }));
}

function receive<T>(receiver: Transit, { frame, buffers }: ReturnType<typeof encode>, _like?: T): T {
  return decode(
    frame,
    buffers.map((each) => each.slice()),
    { resolve: receiver.resolve },
  ) as T;
}

test('a large array arrives through shared memory, with the semantics of a copy', options, (t) => {
  const { sender, receiver } = both(t);
  const array = new Float64Array(LENGTH).map((_, i) => i);
  const message = send(sender, { array, again: array.subarray(5, 8), small: new Float64Array(3) });
  assert.equal(message.buffers.length, 0);
  assert.ok(message.frame.byteLength < 500);
  array[0] = -1;
  const first = receive(receiver, message, { array, again: array });
  assert.equal(first.array[0], 0);
  assert.equal(first.array[LENGTH - 1], LENGTH - 1);
  assert.equal(first.array.length, LENGTH);
  assert.equal(first.again.buffer, first.array.buffer);
  first.again[0] = 99;
  assert.equal(first.array[5], 99);
  assert.equal(array[5], 5);
});

test('receivers do not see what each other write', options, (t) => {
  const { sender, receiver } = both(t);
  const batch = sender.batch();
  const array = new Float64Array(LENGTH).fill(1);
  const messages = [0, 1].map(() => sender.parcel(SEAT, batch).make((share) => encode(array, { share })));
  batch.end();
  const [first, second] = messages.map((each) => receive(receiver, each, array));
  first![0] = 2;
  second![0] = 3;
  assert.deepEqual([array[0], first![0], second![0]], [1, 2, 3]);
});

test('what a batch sends is in shared memory once', options, (t) => {
  const { sender } = both(t);
  const batch = sender.batch();
  const array = new Float64Array(LENGTH);
  for (const seat of [1, 2, 3]) sender.parcel(seat, batch).make((share) => encode([array], { share }));
  const once = sender.totalBytes;
  assert.ok(once > array.byteLength && once < 2 * array.byteLength, String(once));
  batch.end();
  sender.parcel(1).make((share) => encode(array, { share }));
  assert.ok(sender.totalBytes > once, 'it may have changed since');
});

test('memory that a receiver has is not used for anything else', options, (t) => {
  const { sender, receiver } = both(t);
  const kept = receive(receiver, send(sender, new Float64Array(LENGTH).fill(7)), new Float64Array());
  assert.equal(receiver.receivedBytes, kept.byteLength);
  const before = sender.totalBytes;
  send(sender, new Float64Array(LENGTH).fill(8));
  assert.equal(sender.totalBytes, 2 * before);
  assert.ok(kept.every((x) => x === 7));
});

test('memory that its receiver let go of is used again', onLinux, async () => {
  const child = program(`
    import { Transit } from ${JSON.stringify(dist('transit.js'))};
    const sender = new Transit(), receiver = new Transit({ seat: 1 });
    const array = new Float64Array(${LENGTH});
    const names = new Set();
    for (let i = 0; i < 5; i++) {
      array[0] = i;
      const { handle } = sender.parcel(1).share(array.buffer);
      names.add(handle.name);
      const [first] = new Float64Array(receiver.resolve(handle, { byteLength: array.byteLength }));
      if (first !== i) throw new RangeError('arrived as ' + first);
      await new Promise((resolve) => setTimeout(resolve, 1));
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    sender.close();
    console.log('NAMES', [...names].join());
    process.disconnect();`);
  const names = (await lineOf(child, 'NAMES')).split(',');
  assert.equal(await ended(child), 0);
  assert.ok(names.length < 4, names.join());
});

test('a message that is not sent lends nothing', options, (t) => {
  const { sender } = both(t);
  const array = new Float64Array(LENGTH);
  const parcel = sender.parcel(SEAT);
  parcel.make((share) => encode(array, { share }));
  const once = sender.totalBytes;
  parcel.takeBack();
  assert.throws(
    () => sender.parcel(SEAT).make((share) => encode([array, () => 1], { share })),
    /cannot encode/,
  );
  sender.parcel(SEAT).make((share) => encode(array, { share }));
  assert.equal(sender.totalBytes, once, 'one segment did for all three');
});

test('where the tracker cannot be had the buffer travels in the message', onLinux, async () => {
  const child = program(`
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { Transit } from ${JSON.stringify(dist('transit.js'))};
    const { mkdirSync } = fs;
    let calls = 0;
    const refuse = (code, errno) => {
      fs.mkdirSync = () => {
        calls++;
        throw Object.assign(new Error(code + ': mkdir'), { code, errno, syscall: 'mkdir' });
      };
      syncBuiltinESMExports();
    };
    const array = new Float64Array(${LENGTH});
    const sends = (transit) => transit.parcel(1).share(array.buffer) !== undefined;
    const first = new Transit(), second = new Transit();
    const seen = [];
    refuse('EROFS', -30);
    seen.push(sends(first), sends(first), calls);
    refuse('EMFILE', -24);
    seen.push(sends(second), sends(second), calls);
    fs.mkdirSync = mkdirSync;
    syncBuiltinESMExports();
    seen.push(sends(first), sends(second));
    second.close();
    console.log('SEEN', seen.join());
    process.disconnect();`);
  const seen = await lineOf(child, 'SEEN');
  assert.equal(await ended(child), 0);
  assert.equal(seen, 'false,false,1,false,false,3,false,true', 'what will not pass is remembered');
});

test('a worker thread that ends lets go of what it had', options, async (t) => {
  const { sender } = both(t);
  const batch = sender.batch();
  const array = new Float64Array(LENGTH).fill(9);
  const handles = [0, 1].map(() => sender.parcel(SEAT, batch).share(array.buffer)!.handle);
  batch.end();
  const code = `
    import(${JSON.stringify(dist('transit.js'))}).then(({ Transit }) => {
      const { parentPort, workerData } = require('node:worker_threads');
      const receiver = new Transit({ seat: ${SEAT} });
      const kept = workerData.map((handle) => new Float64Array(receiver.resolve(handle, handle)));
      kept[0][0] = 1;
      parentPort.postMessage([kept[0][0], kept[1][0], receiver.receivedBytes]);
      globalThis.kept = kept;
    });`;
  const worker = new Worker(code, { eval: true, workerData: handles });
  const [seen] = (await once(worker, 'message')) as [number[]];
  if (worker.threadId !== -1) await once(worker, 'exit');
  assert.deepEqual(seen, [1, 9, 2 * array.byteLength]);
  assert.equal(sender.freeBytes, sender.totalBytes);
});

test('what a dead receiver had is free', options, (t) => {
  const { sender } = both(t);
  const array = new Float64Array(LENGTH);
  send(sender, array);
  const once = sender.totalBytes;
  sender.forget(SEAT);
  send(sender, array);
  assert.equal(sender.totalBytes, once);
});

test('without room buffers travel in the message', options, (t) => {
  const { sender, receiver } = both(t, { maxBytes: 3 * 2 ** 20 });
  const array = new Float64Array(LENGTH).fill(4);
  const messages = [0, 1, 2].map(() => send(sender, array));
  assert.deepEqual(
    messages.map(({ buffers }) => buffers.length),
    [0, 1, 1],
  );
  for (const message of messages) assert.deepEqual(receive(receiver, message, array), array);
  const none = new Transit({ maxBytes: 0 });
  assert.equal(send(none, array).buffers.length, 1);
  assert.equal(none.totalBytes, 0);
});

test('room is made of memory that waits for the next buffer', options, (t) => {
  const { sender } = both(t, { maxBytes: 6 * 2 ** 20 });
  for (const length of [150_000, 300_000, 500_000]) {
    const parcel = sender.parcel(SEAT);
    assert.notEqual(parcel.share(new Float64Array(length).buffer), undefined);
    parcel.takeBack();
  }
});

test('the threshold is an option', options, (t) => {
  const { sender } = both(t, { leastBytes: 10_000 });
  assert.notEqual(sender.parcel(SEAT).share(new ArrayBuffer(10_000)), undefined);
  assert.equal(sender.parcel(SEAT).share(new ArrayBuffer(9_999)), undefined);
  assert.throws(() => new Transit({ seat: -1 }), RangeError);
});

test('memory that is kept goes after a while, and with close()', onLinux, async (t) => {
  const { sender } = both(t, { idleMs: 10 });
  const parcel = sender.parcel(SEAT);
  const { handle } = parcel.share(new ArrayBuffer(2 ** 20))!;
  const { name } = handle as { name: string };
  assert.ok(exists(name));
  parcel.takeBack();
  await until(() => sender.totalBytes === 0);
  await until(() => !exists(name));
  send(sender, new Float64Array(LENGTH));
  sender.close();
  assert.equal(sender.totalBytes, 0);
  assert.equal(send(sender, new Float64Array(LENGTH)).buffers.length, 1, 'closed, it copies');
});

test('memory that everybody has mapped travels as its handle', options, (t) => {
  const { sender, receiver } = both(t);
  const wide = shared(Float64Array, 4000, { across: 'processes' });
  const path = join(folder, 'numbers.f64');
  writeFileSync(path, new Float64Array(4000).fill(0.25));
  const file = mapFile(path, Float64Array);
  const message = send(sender, { wide: wide.subarray(2, 5), file });
  assert.equal(message.buffers.length, 0);
  const got = receive(receiver, message, { wide: new Float64Array(), file: new Float64Array() });
  got.wide[0] = 5;
  assert.equal(wide[2], 5);
  assert.equal(got.file[3999], 0.25);
  assert.ok(isReadOnly(got.file.buffer));
  assert.equal(sender.totalBytes, 0);
});

test('a read-only mark travels along', options, (t) => {
  const { sender, receiver } = both(t);
  const array = new Float64Array(LENGTH);
  markReadOnly(array.buffer);
  assert.ok(isReadOnly(receive(receiver, send(sender, array), array).buffer));
});

test('a moved array is detached, and arrives through shared memory', options, (t) => {
  const { sender, receiver } = both(t);
  const array = new Float64Array(LENGTH).fill(6);
  const message = sender.parcel(SEAT).make((share) => encode(array, { share, moved: () => true }));
  assert.equal(array.length, 0);
  assert.equal(message.buffers.length, 0);
  assert.equal(receive(receiver, message, array)[LENGTH - 1], 6);
});

test('what was received can be moved and transferred like any other array', options, (t) => {
  const { sender, receiver } = both(t);
  const array = receive(receiver, send(sender, new Float64Array(LENGTH).fill(2)), new Float64Array());
  assert.equal(move(array), array);
  const transfer: never[] = [];
  assert.equal('raw' in pack(array, { transfer }), false);
  assert.deepEqual(transfer, [], 'it is copied');
  assert.equal(structuredClone(array)[LENGTH - 1], 2);
  const { transfer: take } = array.buffer as ArrayBuffer & { transfer?: (n?: number) => ArrayBuffer };
  if (take === undefined) return; // Node 20
  assert.deepEqual([...new Float64Array(take.call(array.buffer, 24))], [2, 2, 2]);
  assert.equal(array.length, 0);
  assert.equal(sender.freeBytes, sender.totalBytes);
});

test('memory that is more than its bytes travels in the message or is refused', options, (t) => {
  const { sender, receiver } = both(t);
  const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
  const buffer = new Resizable(2 ** 20, { maxByteLength: 2 ** 21 });
  const got = receive(receiver, send(sender, buffer), buffer) as ArrayBuffer & { maxByteLength: number };
  assert.equal(got.maxByteLength, 2 ** 21);
  assert.equal(sender.totalBytes, 0);
  assert.throws(() => send(sender, new SharedArrayBuffer(2 ** 20)), /only the threads of one process/);
});

test('a message whose sender is gone says so', onLinux, async (t) => {
  const { sender, receiver } = both(t);
  const message = send(sender, new Float64Array(LENGTH));
  sender.close();
  assert.throws(() => receive(receiver, message), {
    name: 'SharedMemoryError',
    message: /none of this name/,
  });
  await Promise.resolve();
});

test('handles that cannot be true are refused', options, (t) => {
  const { sender, receiver } = both(t);
  const { handle } = sender.parcel(SEAT).share(new ArrayBuffer(2 ** 20))!;
  const byteLength = 2 ** 22;
  const { resolve } = receiver;
  assert.throws(() => resolve({ ...handle, byteLength }, { byteLength }), { name: 'SharedMemoryError' });
  assert.throws(() => resolve(handle, { byteLength: 5 }), TypeError);
  assert.throws(() => resolve({ ...handle, name: '../x' }, { byteLength: 2 ** 20 }), TypeError);
  assert.throws(() => resolve({ kind: 'transit' }, { byteLength }), TypeError);
  assert.throws(() => resolve(undefined, { byteLength }), TypeError);
});

test('without koffi everything travels in the message', { timeout: 30_000 }, async () => {
  const child = program(`
    import { Module } from 'node:module';
    const { Transit } = await import(${JSON.stringify(dist('transit.js'))});
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name === 'koffi') throw Object.assign(new TypeError('no koffi'), { code: 'MODULE_NOT_FOUND' });
      return resolve.call(this, name, ...rest);
    };
    const transit = new Transit();
    console.log('SHARED', transit.parcel(1).share(new ArrayBuffer(2 ** 22)), transit.totalBytes);
    transit.close();
    process.disconnect();`);
  assert.equal(await lineOf(child, 'SHARED'), 'undefined 0');
  assert.equal(await ended(child), 0);
});
