import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isClosedArrow } from '#src/closure/closed-arrow.js';
import { readSource } from '#src/closure/source.js';

const closed = [
  'x => x * x',
  '(a, b) => a + b',
  '() => 1',
  '() => "it\'s fine"',
  'async x => x',
  'async (x) => x',
  'async => async',
  '(row) => row.length',
  '(row) => row?.length ?? 0',
  '(x) => 1e6 * x + 0xff + 10n',
  '(x) => { return x > 0 ? true : null }',
  '(x, y) => [...x, y]',
  '(x) => x / 2 / x',
];

const open = [
  'x => x * factor',
  '() => y => y',
  '() => this',
  '() => arguments',
  '(x) => Math.sqrt(x)',
  '(x) => ({ x, y })',
  '(x) => ({ label: x })',
  '(x) => `${x}`',
  '(x) => { const y = x; return y }',
  '(x = y) => x',
  '({ a }) => a',
  '(eval) => eval("x")',
  "(x) => /'/.test(x) && y && /'/.test(x)",
  '(x) => x // y\n',
  '(x) => [...y]',
  'async (x) => await x',
  'function f(x) { return x }',
  '(x) => new x()',
  '(x) => import(x)',
];

test('isClosedArrow() knows arrows that use nothing but their parameters', () => {
  for (const text of closed) assert.equal(isClosedArrow(text), true, text);
});

test('isClosedArrow() leaves everything else to the parser', () => {
  for (const text of open) assert.equal(isClosedArrow(text), false, text);
});

test('what isClosedArrow() accepts has no free names by the parser either', () => {
  for (const text of closed) {
    // A longer text of the same meaning goes to the parser.
    const parsed = readSource(`${text}${' '.repeat(200)}`, false);
    assert.ok(parsed, text);
    assert.deepEqual([...parsed.names.keys()], [], text);
    const quick = readSource(text, false);
    assert.equal(
      quick?.factory([], true).text,
      parsed.factory([], true).text.replace(' '.repeat(200), ''),
      text,
    );
  }
});
