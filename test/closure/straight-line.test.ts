import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arithmeticCopy } from '#src/closure/arithmetic.js';
import { capture } from '#src/closure/capture.js';
import { onlyComputes } from '#src/closure/computes.js';
import { straightLine } from '#src/closure/straight-line.js';
import { context, task } from 'tutti';

const limit = { timeout: 10_000 };

const computes: [text: string, names: string[]][] = [
  ['x => x * x', []],
  ['(x) => x', []],
  ['(a, b) => a + b', []],
  ['() => 1', []],
  ['(x,) => 0xff + 1e-3 * .5 - 1.', []],
  ['function (x) { return -x }', []],
  ['function f(x) { return +x; }', []],
  ['x => x > 0 ? x : -x', []],
  ['x => x > 0 && !(x % 2) || ~x << 2 >>> 1', []],
  ['x => x * factor', ['factor']],
  ['x => Math.sqrt(x) + Math.PI', ['Math']],
  ['x => Math.max(x, 1, Math.min(x, 2))', ['Math']],
  ['x => { const y = x * 2; return y / 3 }', []],
  ['x => { const y = x * 2\n return y / 3\n }', []],
  ['x => { let y = x, z = y; if (y < 0) y = -y; else { z *= 2; z **= 2 } return y + z }', []],
  ['x => { if (x) return; }', []],
  ['x => { x >>>= 1; x &&= 2; return x }', []],
  ['(Math) => Math * 2', []],
  ['x => (1, x)', []],
  ['x => x ?.5 : 1', []],
];

/** What they read, write and call outside. */
const reaching: [text: string, arrays: string[], helpers: string[]][] = [
  ['(i) => { out[i] = f(a[i]); }', ['out', 'a'], ['f']],
  ['(i) => { out[i] = f(a[i]) }', ['out', 'a'], ['f']],
  ['(i) => { out[i + 1] *= a[b[i]] ** 2; f(i, 1); }', ['out', 'a', 'b'], ['f']],
  ['(i) => a[i] > 0 ? f() : Math.max(a[0], f(i))', ['a'], ['f']],
];

const refused = [
  'i => out[i]++',
  'i => out[i] = 1',
  'i => out[i].x',
  'i => out[i]()',
  'i => f(i)(i)',
  'i => f(i).x',
  'i => f(...i)',
  'i => f(g => g)',
  'i => { f(i) = 1 }',
  'i => { out[i] }',
  'i => { out[i]\n[i] = 1 }',
  'i => { i[0] = 1 }',
  'i => { i() }',
  'i => this[i]()',
  'i => out["x"]',
  'i => import(i)',
  'i => typeof (i)',
  'i => typeof [i]',
  'i => void (i)',
  'i => new (i)',
  'i => eval(i)',
  'function (i) { super[i] }',
  'i => new.target(i)',

  'x => x.foo',
  'x => x?.foo',
  'x => x[0]',
  'x => x()',
  'x => (f)(x)',
  'x => x`tag`',
  'x => `${x}`',
  'x => "a" + x',
  'x => [x]',
  'x => ({})',
  'x => ({ x })',
  'x => /x/',
  'x => x + /x/',
  'x => x // y\n + 1',
  'x => x /* y */ + 1',
  'x => x = 1',
  'x => y = 1',
  'x => y += 1',
  'x => x++',
  'x => --y',
  'x => - --y',
  'x => { y = 1 }',
  'x => { const y = 1; y = 2 }',
  'x => { y += x; let y = 1 }',
  'x => { for (;;); }',
  'x => { while (true); }',
  'x => { do x *= 2; while (x) }',
  'x => { a: { break a } }',
  'x => { throw x }',
  'x => { try { return x } finally { } }',
  'x => { switch (x) { } }',
  'x => { const y = x\n (x) }',
  'x => { x\n ++x }',
  'x => { var y = 1; return y }',
  'x => { const f = () => x; return f }',
  'x => { function f() {} }',
  'x => { debugger }',
  'x => () => x',
  'x => (y) => x',
  'x => new x',
  'x => new Date',
  'x => typeof x',
  'x => void x',
  'x => delete x.y',
  'x => x in y',
  'x => x instanceof y',
  'x => 10n',
  'x => await x',
  'async x => x',
  'async (x) => x',
  'async function (x) { return x }',
  'function* (x) { yield x }',
  '(x = y()) => x',
  '(x = 1) => x',
  '({ a }) => a',
  '([a]) => a',
  '(...xs) => 1',
  'x => Math.max(...x)',
  'x => Math.random()',
  'x => Math.sqrt',
  'x => Math["sqrt"](x)',
  'x => Math.sqrt(x).toFixed()',
  'x => Math.constructor(x)',
  'x => Math.PI(x)',
  'x => Math',
  'x => Math.sqrt`4`',
  '(Math) => Math.sqrt(4)',
  'x => { const Math = x; return Math.sqrt(4) }',
  'x => import("fs")',
  'x => import.meta',
  'x => { get: x }',
  'method(x) { return x }',
  'get x() { return 1 }',
  'class { }',
  'function () { [native code] }',
  'x => \\u0061',
  `x => ${'x + '.repeat(400)}x`,
  'x =>',
  'x => x x',
  '',
];

test('functions that only compute with numbers are recognised, with the names that they need', limit, () => {
  for (const [text, names] of computes) assert.deepEqual(straightLine(text)?.names, names, text);
});

test('arrays and helpers from outside are told apart from other names', limit, () => {
  for (const [text, arrays, helpers] of reaching) {
    const found = straightLine(text);
    assert.deepEqual([found?.arrays, found?.helpers], [arrays, helpers], text);
  }
});

test('a captured function only computes when everything that it reaches does', limit, () => {
  const out = new Float64Array(new SharedArrayBuffer(80));
  const plain = [1, 2, 3];
  const big = new BigInt64Array(new SharedArrayBuffer(80));
  const twice = (x: number): number => x * 2;
  const index = (): number => context().index;
  const recursive = (x: number): number => (x > 0 ? recursive(x - 1) : 0);
  const quiet = (fn: (i: number) => unknown): boolean => onlyComputes(capture(fn));
  assert.ok(quiet((i) => i * 2));
  assert.ok(
    quiet((i) => {
      out[i] = twice(out[i] as number);
    }),
  );
  assert.equal(
    quiet((i) => plain[i]),
    false,
  );
  assert.equal(
    quiet((i) => big[i]),
    false,
  );
  assert.equal(
    quiet((i) => index() + i),
    false,
  );
  assert.equal(
    quiet((i) => recursive(i)),
    false,
  );
  assert.equal(
    quiet((i) => process.exit(i)),
    false,
  );
  assert.equal(
    quiet(() => context().index),
    false,
  );
});

test('what may do more, or is written in a way that leaves a doubt, is not recognised', limit, () => {
  for (const text of refused) assert.equal(straightLine(text), undefined, text);
});

test('whatever is recognised computes the same as the function itself, without an effect', limit, () => {
  for (const [text, names] of computes) {
    const make = new Function(...names.filter((name) => name !== 'Math'), `return ${text}`);
    const fn = make(3) as (...args: number[]) => unknown;
    for (const x of [-2, -0, 0.5, 7, NaN]) {
      const value = fn(x, 2);
      assert.ok(value === undefined || typeof value === 'number' || typeof value === 'boolean', text);
    }
  }
});

test('captured numbers become part of the copy', limit, () => {
  let factor = 3;
  const scale = (x: number): number => x * factor;
  const copy = arithmeticCopy(scale) as typeof scale | undefined;
  factor = 5;
  assert.equal(copy?.(2), 6);
  assert.equal((arithmeticCopy(scale) as typeof scale)(2), 10);
});

test('functions of the same text over the same numbers share one copy', limit, () => {
  const make = (n: number) => (x: number) => x + n;
  assert.ok(arithmeticCopy(make(1)));
  assert.equal(arithmeticCopy(make(1)), arithmeticCopy(make(1)));
  assert.notEqual(arithmeticCopy(make(1)), arithmeticCopy(make(2)));
});

test('a function made by task() keeps the numbers that it was given', limit, () => {
  let factor = 3;
  const scale = task((x: number) => x * factor);
  const stated = task({ factor: 7 }, (x: number) => x * factor);
  factor = 5;
  assert.equal((arithmeticCopy(scale) as typeof scale)(2), 6);
  assert.equal((arithmeticCopy(stated) as typeof scale)(2), 14);
});

test('a captured object, string or function in the place of a number is refused', limit, () => {
  const evil = {
    valueOf() {
      throw new RangeError('not to be called here');
    },
  } as unknown as number;
  const text = '3' as unknown as number;
  const big = 3n as unknown as number;
  const absent = undefined as unknown as number;
  for (const fn of [
    (x: number) => x * evil,
    (x: number) => x * text,
    (x: number) => x * big,
    (x: number) => x * absent,
  ])
    assert.equal(arithmeticCopy(fn), undefined, String(fn));
});

test('a `Math` of the program’s own is not taken for the real one', limit, () => {
  const shadowed = (Math: { sqrt(x: number): number }) => (x: number) => Math.sqrt(x);
  assert.equal(arithmeticCopy(shadowed({ sqrt: () => 1 })), undefined);
  assert.equal(arithmeticCopy(shadowed(Math)), undefined);
  assert.ok(arithmeticCopy((x: number) => Math.sqrt(x)));
});

test('a function of `Math` that the program has replaced is not called', limit, () => {
  const fn = (x: number): number => Math.cbrt(x);
  assert.ok(arithmeticCopy(fn));
  const { cbrt } = Math;
  try {
    Math.cbrt = () => 0;
    assert.equal(arithmeticCopy(fn), undefined);
  } finally {
    Math.cbrt = cbrt;
  }
});

test('a shadowed `undefined` or `NaN` is what the function sees', limit, () => {
  const make = new Function('NaN', 'return (x) => x + NaN') as (n: unknown) => (x: number) => number;
  const copy = arithmeticCopy(make(2)) as ((x: number) => number) | undefined;
  if (copy !== undefined) assert.equal(copy(1), 3);
  assert.equal(arithmeticCopy(make('x')), undefined);
});

test('bound, native and proxied functions and classes are refused', limit, () => {
  const fn = (x: number): number => x * x;
  for (const other of [fn.bind(undefined), Math.sqrt, new Proxy(fn, {}), class {}])
    assert.equal(arithmeticCopy(other as typeof fn), undefined);
});
