import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureError } from '#src/base/errors.js';
import { frameOf, valueOf } from '#src/closure/frame.js';
import { move, shared } from 'tutti';

const timeout = 20_000;

/** Through bytes, as if to another process. */
function there<T>(value: T): T {
  const { frame, buffers } = frameOf(value);
  return valueOf({ frame: frame.slice(), buffers: buffers.map((each) => each.slice()) }) as T;
}

test('functions travel as bytes with what they capture', { timeout }, () => {
  const factor = 3;
  const helper = (x: number): number => x * factor;
  const table = new Map([['a', new Float64Array(5000).fill(2)]]);
  const result = there({ f: (x: number): number => helper(x) + table.get('a')![4999]!, n: 1 });
  assert.equal(result.f(5), 17);
});

test('instances, errors and cycles travel as bytes', { timeout }, () => {
  class Node {
    readonly name: string;
    next: Node | undefined;
    constructor(name: string) {
      this.name = name;
    }
    hello(): string {
      return `hello ${this.next!.name}`;
    }
  }
  const a = new Node('a');
  const b = new Node('b');
  a.next = b;
  b.next = a;
  const error = Object.assign(new RangeError('far', { cause: a }), { code: 'E_FAR', list: [a, b] });
  const result = there(error);
  assert.equal(result.code, 'E_FAR');
  assert.equal((result.cause as Node).next!.next, result.cause);
  assert.equal(result.list[1]!.hello(), 'hello a');
  assert.equal(result.message, 'far');
});

test('plain data travels as bytes', { timeout }, () => {
  const value = { list: [1, , 'x'], map: new Map([[1, new Set([undefined, -0])]]) };
  assert.deepStrictEqual(there(value), value);
});

test('moved memory is detached, with functions beside it and without', { timeout }, () => {
  for (const extra of [1, () => 1]) {
    const data = new Float64Array(5000).fill(4);
    const result = there([move(data), extra]) as [Float64Array, unknown];
    assert.equal(data.length, 0);
    assert.equal(result[0][4999], 4);
  }
});

test('what bytes cannot carry is refused with its path in the value', { timeout }, () => {
  for (const extra of [1, () => 1])
    assert.throws(
      () => frameOf({ list: [shared(Int32Array, 4)], extra }, { root: 'args' }),
      (error) =>
        error instanceof CaptureError &&
        error.path === 'args.list[0]' &&
        /only the threads of one process/.test(error.message),
    );
});
