import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { unmap, memoryHandle, openMemory } from '#src/memory/handle.js';
import { move } from '#src/memory/move.js';
import { isShared, shared } from '#src/memory/shared.js';
import { ended, lineOf, missing, program } from './mapped.ts';

const timeout = 10_000;

/** Compiles only when the two types are the same one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function sameType<A, B>(same: Same<A, B>): void {
  assert.equal(same, true);
}

const NUMBER_CLASSES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;

test('shared() makes every kind of number array, zeroed or from values', { timeout }, () => {
  for (const Ctor of NUMBER_CLASSES) {
    const zeros = shared(Ctor, 3);
    assert.ok(zeros instanceof Ctor);
    assert.ok(zeros.buffer instanceof SharedArrayBuffer);
    assert.equal(zeros.buffer.byteLength, 3 * Ctor.BYTES_PER_ELEMENT);
    assert.deepEqual(Array.from(zeros), [0, 0, 0]);
    assert.deepEqual(Array.from(shared(Ctor, [1, 2, 3])), [1, 2, 3]);
  }
});

test('shared() makes 64-bit integer arrays from bigints', { timeout }, () => {
  assert.deepEqual(Array.from(shared(BigInt64Array, [-1n, 2n])), [-1n, 2n]);
  assert.deepEqual(Array.from(shared(BigUint64Array, 2)), [0n, 0n]);
  // @ts-expect-error numbers are not bigints
  assert.throws(() => shared(BigInt64Array, [1]), TypeError);
});

const { Float16Array } = globalThis as { Float16Array?: typeof Float32Array };

test(
  'shared() makes a Float16Array where the engine has one',
  { timeout, skip: Float16Array ? false : 'this Node has no Float16Array' },
  () => {
    const half = shared(Float16Array as typeof Float32Array, [0.5, 1e9]);
    assert.deepEqual(Array.from(half), [0.5, Infinity]);
    assert.equal(half.buffer.byteLength, 4);
  },
);

test('shared() takes iterables, array-likes and typed arrays, and copies them', { timeout }, () => {
  const source = new Float64Array([1.5, 2.5]);
  const copy = shared(Float64Array, source);
  source[0] = 9;
  assert.deepEqual(Array.from(copy), [1.5, 2.5]);
  assert.deepEqual(Array.from(shared(Int32Array, new Set([3, 4]))), [3, 4]);
  assert.deepEqual(
    Array.from(
      shared(
        Int8Array,
        (function* () {
          yield 7;
          yield 300;
        })(),
      ),
    ),
    [7, 44],
  );
  assert.deepEqual(Array.from(shared(Uint8ClampedArray, { length: 2, 0: 300, 1: -5 })), [255, 0]);
  assert.equal(shared(Uint8Array, []).length, 0);
  assert.equal(shared(Uint8Array, 0).length, 0);
});

test('the type of the result is exact', { timeout }, () => {
  const doubles = shared(Float64Array, 1);
  sameType<typeof doubles, Float64Array<SharedArrayBuffer>>(true);
  const clamped = shared(Uint8ClampedArray, [1]);
  sameType<typeof clamped, Uint8ClampedArray<SharedArrayBuffer>>(true);
  const bytes = shared(Uint8Array, 1);
  sameType<typeof bytes, Uint8Array<SharedArrayBuffer>>(true);
  const wide = shared(BigInt64Array, [1n]);
  sameType<typeof wide, BigInt64Array<SharedArrayBuffer>>(true);
});

test('shared() refuses sizes that are no sizes', { timeout }, () => {
  for (const n of [-1, 1.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.throws(
      () => shared(Float64Array, n),
      (error) =>
        error instanceof RangeError &&
        error.message === `shared(): the number of elements must be an integer of at least 0, but got ${n}`,
    );
  }
});

test('shared() says what could not be allocated', { timeout }, () => {
  assert.throws(
    () => shared(Float64Array, 2 ** 50),
    (error) =>
      error instanceof RangeError &&
      error.message.includes('cannot allocate 1125899906842624 elements (9007199254740992 bytes)') &&
      error.cause instanceof RangeError,
  );
});

test('shared() refuses other classes and other values', { timeout }, () => {
  class Mine extends Float64Array {}
  for (const Ctor of [
    Array,
    DataView,
    Buffer,
    Object.getPrototypeOf(Int8Array),
    Mine,
    undefined,
    {},
    'Float64Array',
  ]) {
    assert.throws(() => shared(Ctor as never, 1), {
      name: 'TypeError',
      message: /must be a typed array class such as Float64Array, not /,
    });
  }
  for (const values of ['123', null, undefined, {}, 5n, new DataView(new ArrayBuffer(8)), { length: -1 }]) {
    assert.throws(() => shared(Float64Array, values as never), {
      name: 'TypeError',
      message: /must be a number of elements, or an array or iterable of values, not /,
    });
  }
});

test('isShared() knows shared memory and views of it, of any realm', { timeout }, () => {
  assert.equal(isShared(new SharedArrayBuffer(1)), true);
  assert.equal(isShared(shared(Int8Array, 1)), true);
  assert.equal(isShared(new DataView(new SharedArrayBuffer(1))), true);
  assert.equal(isShared(runInNewContext('new Int8Array(new SharedArrayBuffer(1))')), true);
  for (const other of [new ArrayBuffer(1), new Int8Array(1), Buffer.from('x'), null, undefined, 1, {}, []]) {
    assert.equal(isShared(other), false);
  }
});

test('another thread writes into the same memory', { timeout }, async () => {
  const array = shared(Int32Array, [1, 2]);
  const code = `const { workerData } = require('node:worker_threads'); Atomics.add(workerData, 1, 40);`;
  const worker = new Worker(code, { eval: true, workerData: array });
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  assert.deepEqual(Array.from(array), [1, 42]);
});

test('shared() across processes is over a segment', { timeout, skip: missing }, () => {
  const array = shared(Float64Array, [1.5, 2.5], { across: 'processes' });
  sameType<typeof array, Float64Array<ArrayBufferLike>>(true);
  assert.ok(array.buffer instanceof ArrayBuffer);
  assert.deepEqual(Array.from(array), [1.5, 2.5]);
  const handle = memoryHandle(array);
  assert.equal(handle?.kind, 'segment');
  assert.equal(memoryHandle(new Float64Array(1)), undefined);
  assert.equal(openMemory(structuredClone(handle)), array.buffer);
  assert.throws(() => move(array), { name: 'TypeError', message: /cannot move mapped memory/ });
  assert.equal(unmap(array), false);
  assert.equal(array[1], 2.5);
  assert.equal(unmap(array), true);
  assert.equal(memoryHandle(array), undefined);
  assert.equal(unmap(array), false);
  assert.equal(unmap(new Float64Array(1)), false);
  assert.throws(() => openMemory({} as never), TypeError);

  const empty = shared(Int32Array, 0, { across: 'processes' });
  assert.equal(empty.length, 0);
  const half = shared(Int32Array, 3, { across: 'threads' });
  sameType<typeof half, Int32Array<SharedArrayBuffer>>(true);
  assert.ok(half.buffer instanceof SharedArrayBuffer);
  assert.throws(() => shared(Int32Array, 1, { across: 'galaxies' as never }), RangeError);
});

test(
  'shared() across processes falls back to threads without koffi, and says so once',
  { timeout },
  async () => {
    const child = program(`
    import { Module } from 'node:module';
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name === 'koffi') throw new TypeError('no koffi');
      return resolve.call(this, name, ...rest);
    };
    let warnings = [];
    process.on('warning', (warning) => warnings.push(warning));
    const arrays = [1, 2].map((n) => shared(Int32Array, n, { across: 'processes' }));
    setImmediate(() => {
      console.log('RESULT', JSON.stringify([arrays.map((a) => a.buffer.constructor.name), warnings.length, warnings[0].message]));
      process.disconnect();
    });`);
    const [buffers, count, message] = JSON.parse(await lineOf(child, 'RESULT')) as [string[], number, string];
    await ended(child);
    assert.deepEqual(buffers, ['SharedArrayBuffer', 'SharedArrayBuffer']);
    assert.equal(count, 1);
    assert.match(message, /koffi|Windows/);
  },
);
