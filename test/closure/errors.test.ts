import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { CaptureError, UnsupportedError } from '#src/base/errors.js';
import { packError, unpackError } from '#src/closure/index.js';

const timeout = 20_000;
const there = (error: unknown): unknown => unpackError(structuredClone(packError(error)));

for (const value of [1, 'text', null, undefined, true, 10n])
  test(`a thrown ${String(value)} stays what it is`, { timeout }, () => assert.equal(there(value), value));

test('class, message, stack, properties and cause arrive', { timeout }, () => {
  const error = Object.assign(new SyntaxError('bad', { cause: new Error('why') }), {
    code: 'E1',
    info: { at: [1, 2] },
  });
  const back = there(error) as typeof error;
  assert.ok(back instanceof SyntaxError);
  assert.deepEqual(
    [
      back.name,
      back.message,
      back.stack,
      back.code,
      back.info,
      (back.cause as Error).message,
      (back.cause as Error).stack,
    ],
    [error.name, error.message, error.stack, error.code, error.info, 'why', (error.cause as Error).stack],
  );
  assert.deepEqual(Object.keys(back), Object.keys(error));
});

test('a cause chain with a cycle arrives', { timeout }, () => {
  const a = new Error('a');
  const b = new Error('b', { cause: a });
  a.cause = b;
  const back = there(a) as Error;
  assert.equal(((back.cause as Error).cause as Error).message, 'a');
  assert.equal((back.cause as Error).cause, back);
});

test('members of an AggregateError arrive', { timeout }, () => {
  const back = there(new AggregateError([new TypeError('t'), 'x'], 'many')) as AggregateError;
  assert.ok(back instanceof AggregateError && back.errors[0] instanceof TypeError);
  assert.equal(back.errors[1], 'x');
});

test('a DOMException arrives', { timeout }, () => {
  const back = there(new DOMException('stop', 'TimeoutError')) as DOMException;
  assert.ok(back instanceof DOMException);
  assert.deepEqual([back.name, back.message, back.code], ['TimeoutError', 'stop', 23]);
});

test('what cannot travel is left out and listed', { timeout }, () => {
  const error = Object.assign(new Error('lost'), {
    socket: new Socket(),
    kept: 1,
    promise: Promise.resolve(),
  });
  const back = there(error) as typeof error & { notSent: string[] };
  assert.equal(back.message, 'lost');
  assert.equal(back.kept, 1);
  assert.deepEqual(back.notSent.map((one) => one.split(':')[0]).sort(), ['error.promise', 'error.socket']);
});

test('an error of a class that cannot travel keeps its name and its base', { timeout }, () => {
  const socket = new Socket();
  class SocketError extends RangeError {
    code = 7;
    get socket() {
      return socket;
    }
  }
  const back = there(new SocketError('gone')) as SocketError;
  assert.ok(back instanceof RangeError);
  assert.deepEqual([back.message, back.code], ['gone', 7]);
});

test('Tutti’s own errors keep their class', { timeout }, () => {
  const back = there(new UnsupportedError('not here')) as UnsupportedError;
  assert.ok(back instanceof UnsupportedError);
  assert.deepEqual(
    [back.code, back.name, back.message],
    ['ERR_TUTTI_UNSUPPORTED', 'UnsupportedError', 'not here'],
  );
  const refused = there(new CaptureError('no', { path: 'a.b', capturedBy: 'f' })) as CaptureError;
  assert.ok(refused instanceof CaptureError);
  assert.deepEqual([refused.path, refused.capturedBy], ['a.b', 'f']);
});

test('packing never throws', { timeout }, () => {
  const nasty = [
    new Proxy(new Error('p'), {
      get: () => {
        throw new Error('trap');
      },
    }),
    {
      get message() {
        throw new Error('no');
      },
      toString() {
        throw new Error('no');
      },
    },
    Object.defineProperty(new Error('x'), 'stack', {
      get() {
        throw new Error('no stack');
      },
    }),
    () => nasty,
    Symbol('thrown'),
    Promise.reject(new Error('inner')).catch(() => undefined),
  ];
  for (const value of nasty) assert.doesNotThrow(() => structuredClone(packError(value)));
});
