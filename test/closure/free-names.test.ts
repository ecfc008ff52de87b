import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSource } from '#src/closure/source.js';

/** Text, free names in order of appearance, names that are assigned. */
type Row = [text: string, names: string, written?: string];

const rows: Row[] = [
  ['x => x', ''],
  ['x => x + y', 'y'],
  ['() => a.b.c', 'a'],
  ['() => a[b]', 'a b'],
  ['() => ({ a: b, c, [d]: 1 })', 'b c d'],
  ['() => { a: for (;;) { break a; } }', ''],
  ['() => { a: for (;;) { continue a; } return a }', 'a'],
  ['() => { use(v); var v = 1; }', 'use'],
  ['() => { if (c) { var v = 1; } return v; }', 'c'],
  ['() => { { let v = 1; } return v; }', 'v'],
  ['() => { { const v = w; } return w; }', 'w'],
  ['() => { for (let i = a; i < b; i++) c(i); return i; }', 'a b c i'],
  ['() => { for (var i = 0; ; ) break; return i; }', ''],
  ['() => { for (const k in o) k; for (const v of l) v; return k; }', 'o l k'],
  ['() => { for (k in o); for (l.x of m); }', 'k o l m', 'k'],
  ['() => { return f(); function f() { return g; } }', 'g'],
  ['() => { { function f() {} } return f; }', 'f'],
  ['() => { try { a(); } catch (e) { e; b; } finally { e; } }', 'a b e'],
  ['() => { try {} catch { e; } }', 'e'],
  ['() => { try {} catch ({ message: m, ...r }) { m; r; message; } }', 'message'],
  ['(a, b = a, c = d) => a + b + c', 'd'],
  ['(a = v) => { var v = 1; return a + v; }', 'v'],
  ['({ a, b: { c = d }, ...e }, [f, , g = h]) => [a, c, e, f, g, b]', 'd h b'],
  ['({ [k]: v }) => v', 'k'],
  ['(...rest) => rest', ''],
  ['function f() { return f; }', ''],
  ['function () { return arguments; }', ''],
  ['() => arguments', 'arguments'],
  ['function () { return () => arguments; }', ''],
  ['() => function g() { return g; }', ''],
  ['() => { (function g() {}); return g; }', 'g'],
  ['() => `a${b}c${`d${e}`}`', 'b e'],
  ['() => tag`x${y}`', 'tag y'],
  ['() => a?.b?.[c]?.(d)', 'a c d'],
  ['() => a ?? b', 'a b'],
  ['() => { a = 1; b += 2; c++; --d; e ??= 1; }', 'a b c d e', 'a b c d e'],
  ['() => { [a, b.c, ...d] = e; ({ f, g: h, i: j = k, ...l } = m); }', 'a b d e f h j k l m', 'a d f h j l'],
  ['() => { let a; a = 1; }', ''],
  ['() => { const { a = b, c: { d } } = e; return a + d; }', 'b e'],
  ['async () => { for await (const x of y) x; await z; }', 'y z'],
  ['function* () { yield a; yield* b; }', 'a b'],
  ['async function* () { yield a; }', 'a'],
  ['() => { switch (a) { case b: let c = 1; default: c; } return c; }', 'a b c'],
  ['() => typeof a + void b', 'a b'],
  ['() => { class A extends B { m() { return A; } } return new A; }', 'B'],
  ['class A { m() { return A; } }', ''],
  ['class A extends B { m() { return super.m() + B.x; } }', 'B'],
  ['class extends mix(A, B) {}', ''],
  ['class { x = a; static y = b; static { c; } [d]() {} get e() { return f; } }', 'a f'],
  ['class { [k] = 1; }', 'k'],
  ['class { #p = a; m() { return this.#p; } has(o) { return #p in o; } }', 'a'],
  ['class { m() { class B { static x = a; static { var v; v; w; } } return v; } }', 'a w v'],
  ['class { static #s = a; }', ''],
  ['m(x) { return x + y; }', 'y'],
  ['async *m() { yield a; }', 'a'],
  ['[k]() { return a; }', 'a'],
  ['get [k]() { return a; }', 'a'],
  ['set v(x) { a = x; }', 'a', 'a'],
  ['static() { return a; }', 'a'],
  ['async(x) { return a; }', 'a'],
  ['() => { import("x"); return import.meta.url; }', ''],
  ['() => { new.target; }', ''],
  ['() => { if (a) b; else c; while (d) e; do f; while (g); }', 'a b c d e f g'],
  ['() => { throw a; }', 'a'],
  ['() => /re(ge)x/.test(a)', 'a'],
  ['() => { label: { function label() {} } }', ''],
  ['() => { let undefined_ = undefined; }', 'undefined'],
  ['(a, b = () => a) => { let c = b; { let a = c; } }', ''],
  ['() => { const f = function () { return this + x; }; }', 'x'],
  ['() => ({ get a() { return b; }, set a(c) { d = c; }, async *e() { f; } })', 'b d f', 'd'],
  ['async () => { await using a = b; using c = d; return a + c; }', 'b d'],
];

for (const [text, names, written] of rows)
  test(`free names of ${text}`, { timeout: 10_000 }, () => {
    const source = readSource(text, false);
    assert.ok(source, 'parses');
    assert.deepEqual([...source.names.keys()], names.split(' ').filter(Boolean));
    assert.deepEqual([...source.written].sort(), (written ?? '').split(' ').filter(Boolean));
    for (const [name, at] of source.names) assert.equal(text.slice(at, at + name.length), name);
  });

test('outside strict mode a function in a block is the whole function’s', { timeout: 10_000 }, () => {
  assert.deepEqual([...readSource('function () { { function f() {} } return f; }', true)!.names.keys()], []);
});

test('`this`, super, eval and private names are told with their place', { timeout: 10_000 }, () => {
  const uses = (text: string) => readSource(text, false)!.uses;
  assert.equal(uses('() => this').outerThis, 6);
  assert.equal(uses('() => { function f() { this; } class A { x = this; } }').outerThis, undefined);
  assert.equal(uses('() => class { [this.k]() {} }').outerThis, 15);
  assert.equal(uses('m() { return super.x; }').outerSuper, 13);
  assert.equal(uses('class extends B { constructor() { super(); super.x; } }').outerSuper, undefined);
  assert.equal(uses('() => ({ m() { return super.x; } })').outerSuper, undefined);
  assert.equal(uses('() => eval("x")').directEval, 6);
  assert.equal(uses('() => (0, eval)("x")').directEval, undefined);
  assert.deepEqual(uses('m() { return this.#p; }').privateName, { name: 'p', at: 18 });
  assert.equal(uses('() => new.target').newTarget, 6);
  assert.equal(uses('function () { return () => new.target; }').newTarget, undefined);
});

test('text that is no function is told apart', { timeout: 10_000 }, () => {
  assert.equal(readSource('not a function', false), undefined);
  assert.equal(readSource('a, b', false), undefined);
});
