import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSelfContainedArrow } from '#src/closure/simple-arrow.js';

const timeout = 10_000;

test('arrows of their own names only are told without a parser', { timeout }, () => {
  const texts = [
    'x => x * x',
    '(x) => x',
    '() => 41 + 1',
    '(a, b) => a + b',
    'async (x) => await x.load()',
    '(x) => ({ ...x })',
    '(xs) => xs.length > 1e6 ? xs[0].value?.name : 0xff',
    "(x) => x + ' is not free'",
    '(x) => "say \'hello\'" + x.name',
    '(x) => { const y = x / 2; return y > 1 ? y : -y; }',
    '(x) => {\n  let y = 0;\n  while (y < x) y++;\n  return y;\n}',
    '(x, y) => x < y || typeof x === typeof y',
    '(x) => { if (x in x.list) throw x; else return null }',
  ];
  for (const text of texts) assert.equal(isSelfContainedArrow(text), true, text);
});

test('whatever might use a name from outside is left to the parser', { timeout }, () => {
  const texts = [
    'x => y',
    'x => Math.sqrt(x)',
    '() => this',
    '() => arguments[0]',
    '() => new.target',
    '() => import("x")',
    '() => import.meta.url',
    '(x) => eval(x)',
    '(x) => [...y]',
    '(x) => { { const y = 1; } return y; }',
    '(x) => { for (const y of x) y(); return y; }',
    '(x) => { if (x) { let z = 1 } return z }',
    '(x) => { const y = 1, z = 2; return y + z; }',
    '(x = y) => x',
    '({ x }) => x',
    '(...x) => x',
    '(x) => x.map((y) => y)',
    '(x) => ({ y })',
    '(x) => ({ y: x })',
    '(x) => `${y}`',
    '(x) => x + "\\u0041"',
    "(x) => /'/.test(x) + y + /'/.source",
    '(x) => x // y',
    '(x) => { "use strict"; return \\u0079 }',
    '(x) => await',
    'async => y',
    '(await) => await',
    '(x) => #y in x',
    'ä => ä',
    'function (x) { return x }',
    'f(x) { return x }',
    'class A {}',
    '(x) => undefined',
    "(x) => 'a\n' + y + '",
  ];
  for (const text of texts) assert.equal(isSelfContainedArrow(text), false, text);
});
