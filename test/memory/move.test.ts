import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import * as workerThreads from 'node:worker_threads';
import { move, pathToMoved } from '#src/memory/move.js';
import { isMoved } from '#src/memory/moved.js';
import { fromRoot } from '../root.ts';

const timeout = 10_000;

test('move() returns its argument and marks the whole buffer of a view', { timeout }, () => {
  const view = new Float64Array(new ArrayBuffer(32), 8, 2);
  assert.equal(isMoved(view.buffer), false);
  assert.equal(move(view), view);
  assert.equal(isMoved(view.buffer), true);
  assert.equal(isMoved(view), false, 'the mark is on the memory');
  assert.equal(view.length, 2, 'nothing moves before the send');
});

test('move() takes buffers, views, ports, streams and file handles', { timeout }, async () => {
  const { port1, port2 } = new workerThreads.MessageChannel();
  const file = await open(fromRoot('package.json'));
  try {
    const things = [
      new ArrayBuffer(1),
      port1,
      new ReadableStream(),
      new WritableStream(),
      new TransformStream(),
      file,
    ];
    for (const thing of things) {
      move(thing);
      assert.equal(isMoved(thing), true);
    }
    const view = move(new DataView(new ArrayBuffer(8)));
    assert.equal(isMoved(view.buffer), true);
    assert.equal(isMoved(move(runInNewContext('new ArrayBuffer(4)') as ArrayBuffer)), true);
    assert.equal(isMoved(move(Buffer.allocUnsafeSlow(8)).buffer), true);
  } finally {
    port2.close();
    await file.close();
  }
});

test('a marked buffer that is sent detaches, and reads as documented', { timeout }, () => {
  const view = move(new Float64Array([1, 2, 3]));
  const received = structuredClone(view, { transfer: [view.buffer] });
  assert.deepEqual(Array.from(received), [1, 2, 3]);
  assert.equal(view.length, 0);
  assert.equal(view[0], undefined);
  assert.throws(
    () => view.fill(1),
    /^TypeError: Cannot perform .* on a detached (or out-of-bounds )?ArrayBuffer$/,
  );
});

test(
  'move() refuses a buffer that was moved before',
  { timeout, skip: 'detached' in ArrayBuffer.prototype ? false : 'this Node cannot tell a detached buffer' },
  () => {
    const buffer = new ArrayBuffer(8);
    structuredClone(buffer, { transfer: [buffer] });
    assert.throws(() => move(buffer), { name: 'TypeError', message: /is detached, so it was moved before/ });
  },
);

test('move() refuses shared memory, with the cure', { timeout }, () => {
  for (const memory of [new SharedArrayBuffer(8), new Int32Array(new SharedArrayBuffer(8))]) {
    assert.throws(() => move(memory as never), {
      name: 'TypeError',
      message:
        'cannot move shared memory: every thread sees it already; send it without move(), only a handle travels',
    });
  }
});

test("move() refuses a part of Node's Buffer pool", { timeout }, () => {
  assert.throws(() => move(Buffer.from('abc')), {
    name: 'TypeError',
    message: /^cannot move this Buffer: it is a part \(3 of \d+ bytes\) of memory that other Buffers use/,
  });
});

test(
  'move() refuses what its owner marked as untransferable',
  {
    timeout,
    skip:
      'isMarkedAsUntransferable' in workerThreads ? false : 'this Node cannot tell untransferable buffers',
  },
  () => {
    const buffer = new ArrayBuffer(8);
    workerThreads.markAsUntransferable(buffer);
    assert.throws(() => move(buffer), { name: 'TypeError', message: /marked it as untransferable/ });
  },
);

test('move() refuses everything else and names it', { timeout }, () => {
  class Account {}
  const cases: [unknown, string][] = [
    [5, '5'],
    [null, 'null'],
    ['text', '"text" (string)'],
    [{}, 'an object'],
    [[1], 'an array of length 1'],
    [new Account(), 'an Account'],
    [function f() {}, 'the function f'],
  ];
  for (const [value, text] of cases) {
    assert.throws(
      () => move(value as never),
      (error) =>
        error instanceof TypeError && error.message.startsWith(`cannot move ${text}: only an ArrayBuffer`),
    );
  }
});

test('memory that has changed hands is found by its path', { timeout }, () => {
  const gone = new Float64Array(2);
  structuredClone(gone, { transfer: [gone.buffer] });
  const here = new Float64Array(0);
  assert.equal(pathToMoved([here, new ArrayBuffer(0), null, 'x', 1], 'args'), undefined);
  assert.equal(pathToMoved(gone, 'x'), 'x');
  assert.equal(pathToMoved([1, { data: [here, gone] }], 'args'), 'args[1].data[1]');
  assert.equal(pathToMoved(new Map([['k', { gone }]]), 'm'), 'm.values().gone');
  assert.equal(pathToMoved(new Set([gone.buffer]), 's'), 's.values()');
  const circular: Record<string, unknown> = { here };
  circular['self'] = circular;
  assert.equal(pathToMoved(circular, 'c'), undefined);
});
