import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';
import { CaptureError } from '#src/base/errors.js';
import { capture, pack, task, unpack, type AnyFunction, type Packed } from '#src/closure/index.js';
import { sessionsOpened } from '#src/closure/inspector.js';

const timeout = 20_000;

/** What a receiver makes of a captured function. */
function arrive<F extends AnyFunction>(fn: F): F {
  return elsewhere(capture(fn).packed) as F;
}

/** Unpacks as another thread would: here, ids of this thread lead to the originals. */
function elsewhere(packed: Packed): unknown {
  const copy = structuredClone(packed);
  if ('raw' in copy) return copy.raw;
  copies++;
  return unpack({
    ...copy,
    nodes: copy.nodes.map((node) => (node.t === 'fn' ? { ...node, id: `${copies}.${node.id}` } : node)),
  });
}
let copies = 0;

/** Sessions that `work` opens. */
function sessions(work: () => void): number {
  const before = sessionsOpened();
  work();
  return sessionsOpened() - before;
}

test('a function without free names is captured once and never asks the inspector', { timeout }, () => {
  const square = (x: number) => x * x;
  assert.equal(
    sessions(() => {
      assert.equal(capture(square), capture(square));
      assert.equal(capture(square).reusable, true);
      assert.equal(capture((a: number[]) => a.map((b) => b + 1)).reusable, true);
    }),
    0,
  );
  assert.equal(arrive(square)(4), 16);
});

test('a function of standard globals asks once', { timeout }, () => {
  const root = (x: number) => Math.sqrt(x) + Number('1');
  assert.equal(
    sessions(() => capture(root)),
    1,
  );
  assert.equal(
    sessions(() => assert.equal(capture(root), capture(root))),
    0,
  );
  assert.equal(arrive(root)(9), 4);
});

test('a function of imports is captured once', { timeout }, () => {
  const join = (a: string) => path.join(a, 'b');
  assert.equal(capture(join), capture(join));
  assert.equal(arrive(join)('a'), path.join('a', 'b'));
});

test('a function of variables is captured anew, as it is at that moment', { timeout }, () => {
  let n = 1;
  const data = { list: [1] };
  const read = () => [n, ...data.list];
  const first = capture(read);
  n = 2;
  data.list.push(2);
  const second = capture(read);
  assert.equal(first.reusable, false);
  assert.notEqual(first.id, second.id);
  assert.deepEqual((elsewhere(first.packed) as typeof read)(), [1, 1]);
  assert.deepEqual((elsewhere(second.packed) as typeof read)(), [2, 1, 2]);
});

test('the wire form does not follow later changes', { timeout }, () => {
  const data = new Float64Array([1]);
  const nested = { at: { n: 1 } };
  const { packed } = capture(() => [data[0], nested.at.n]);
  data[0] = 5;
  nested.at.n = 5;
  assert.deepEqual((elsewhere(packed) as () => number[])(), [1, 1]);
});

test('a property hung on a function later is seen', { timeout }, () => {
  const memo = ((x: number) => x) as { (x: number): number; cache?: Map<number, number> };
  assert.equal(capture(memo).reusable, true);
  memo.cache = new Map([[1, 2]]);
  const again = capture(memo);
  assert.equal(again.reusable, false);
  assert.equal((elsewhere(again.packed) as typeof memo).cache!.get(1), 2);
});

test('a method hung on a prototype later is seen', { timeout }, () => {
  function Thing() {}
  assert.equal(capture(Thing).reusable, true);
  Thing.prototype.hi = () => 'hi';
  assert.equal(new (arrive(Thing) as never as new () => { hi(): string })().hi(), 'hi');
});

test('task(fn) captures once', { timeout }, () => {
  let n = 1;
  const fn = task((x: number) => x + n);
  assert.equal(fn(1), 2);
  const first = capture(fn);
  n = 5;
  assert.equal(
    sessions(() => assert.equal(capture(fn), first)),
    0,
  );
  assert.equal(first.reusable, true);
  assert.equal(arrive(fn)(1), 2);
  assert.equal(fn(1), 6);
});

test('task(fn) keeps name, this and type', { timeout }, () => {
  const named = task(function named(this: { k: number } | void, x: number) {
    return this ? this.k + x : x;
  });
  assert.equal(named.name, 'named');
  assert.equal(named.call({ k: 2 }, 1), 3);
});

test('task({ … }, fn) never asks the inspector', { timeout }, () => {
  const factor = 3;
  const helper = (x: number) => x * 2;
  assert.equal(
    sessions(() => {
      const fn = task({ factor, helper }, (x: number) => helper(x) * factor + Math.abs(-1));
      assert.equal(fn(2), 13);
      assert.equal(arrive(fn)(2), 13);
    }),
    0,
  );
});

test('task({ … }, fn) refuses a name that is not stated', { timeout }, () => {
  const factor = 3;
  const other = 4;
  assert.throws(
    () => task({ factor }, (x: number) => x * factor + other),
    (error: unknown) => error instanceof CaptureError && /`other`.*add it to the names/.test(error.message),
  );
});

test('a task captured by another function travels as what it stands for', { timeout }, () => {
  const factor = 3;
  const inner = task({ factor }, (x: number) => x * factor);
  const outer = (x: number) => inner(x) + 1;
  assert.equal(arrive(outer)(2), 7);
});

test('unpack is synchronous unless something must be imported', { timeout }, async () => {
  assert.equal(typeof unpack(pack(() => 1)), 'function');
  assert.deepEqual(unpack(pack({ a: [1] })), { a: [1] });
});

test('plain data stays as it is', { timeout }, () => {
  const data = { a: [1, { b: new Map([[1, new Date(0)]]) }] };
  assert.deepEqual(pack(data), { raw: data });
});
