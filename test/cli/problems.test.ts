import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blocksOf,
  gaussianPairs,
  leapAhead,
  multiplyModulo46,
  sumDeviates,
  verifyDeviates,
} from '#src/cli/demo/ep.js';
import { cutRows } from '#src/cli/demo/flights.js';
import { simulate } from '#src/cli/demo/nbody.js';

const timeout = 60_000;

test('the generator multiplies modulo 2^46 exactly', { timeout }, () => {
  let exact = 271828183n;
  let state = 271828183;
  for (let i = 0; i < 1000; i++) {
    exact = (exact * 1220703125n) % 2n ** 46n;
    state = multiplyModulo46(1220703125, state);
    assert.equal(BigInt(state), exact);
  }
  assert.equal(leapAhead(271828183, 1000), state);
  assert.equal(leapAhead(271828183, 0), 271828183);
});

test('EP class S gives the known sums and counts', { timeout }, () => {
  const checks = verifyDeviates('S', sumDeviates(blocksOf('S').map((block) => gaussianPairs(block))));
  assert.equal(checks.length, 4);
  for (const check of checks)
    assert.ok(check.ok, `${check.name}: ${check.actual}, expected ${check.expected}`);
});

test('EP checks tell a wrong sum', { timeout }, () => {
  const some = sumDeviates(
    blocksOf('S')
      .slice(1)
      .map((block) => gaussianPairs(block)),
  );
  assert.ok(verifyDeviates('S', some).every((check) => !check.ok));
});

test('n-body system 0 has the known energies', { timeout }, () => {
  const energies = simulate(0, 10);
  assert.equal(energies[0]!.toFixed(9), '-0.169075164');
  assert.equal(energies.at(-1)!.toFixed(9), '-0.169087605');
});

test('n-body systems differ', { timeout }, () => {
  assert.notEqual(simulate(1, 1)[0], simulate(0, 1)[0]);
});

test('JSON rows cut into pieces are the same rows', { timeout }, () => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({ delay: i - 500, distance: 3 * i, time: i / 42 }));
  for (const spacing of [undefined, 1]) {
    const bytes = new TextEncoder().encode(JSON.stringify(rows, undefined, spacing));
    for (const size of [1, 40, 41, 997, 1e6]) {
      const pieces = cutRows(0, bytes, size);
      const parsed = pieces.flatMap(({ from, to }) =>
        JSON.parse(`[${new TextDecoder().decode(bytes.subarray(from, to))}]`),
      );
      assert.deepEqual(parsed, rows, `pieces of ${size} bytes`);
    }
  }
  assert.deepEqual(cutRows(0, new TextEncoder().encode('[]')), []);
});
