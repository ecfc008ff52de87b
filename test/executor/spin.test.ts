import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Spin } from '#src/executor/spin.js';

/** Whether a spin looks at all. */
function looks(spin: Spin): boolean {
  let looked = false;
  spin.until(() => {
    looked = true;
    return false;
  });
  return looked;
}

/** Rests until the next spin. */
function restsOf(spin: Spin): number {
  let rests = 0;
  while (!looks(spin)) rests++;
  return rests;
}

test('a spin ends with the first look that finds something, and in its time', () => {
  const spin = new Spin(1);
  let left = 3;
  assert.equal(
    spin.until(() => --left === 0),
    true,
  );
  assert.equal(left, 0);
  const since = performance.now();
  assert.equal(
    spin.until(() => false),
    false,
  );
  assert.ok(performance.now() - since >= 1);
});

test('spins in vain become rare, up to a limit; one that finds something is followed by the next', () => {
  const spin = new Spin(0);
  assert.ok(looks(spin));
  assert.deepEqual(
    Array.from({ length: 8 }, () => restsOf(spin)),
    [1, 2, 4, 8, 16, 32, 64, 64],
  );
  for (let rests = 64; rests > 0; rests--)
    assert.equal(
      spin.until(() => true),
      false,
    );
  assert.equal(
    spin.until(() => true),
    true,
  );
  assert.ok(looks(spin));
  assert.deepEqual([restsOf(spin), restsOf(spin)], [1, 2]);
});
