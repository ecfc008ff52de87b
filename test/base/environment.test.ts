import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentInteger, environmentVariable, environmentWith } from '#src/base/environment.js';

const timeout = 10_000;
const NAME = 'TUTTI_TEST_VARIABLE';

test('environment variables are read at each call, empty ones are absent', { timeout }, () => {
  try {
    process.env[NAME] = 'x';
    assert.equal(environmentVariable(NAME), 'x');
    process.env[NAME] = '';
    assert.equal(environmentVariable(NAME), undefined);
    process.env[NAME] = ' 12 ';
    assert.equal(environmentInteger(NAME, 1, 20), 12);
    process.env[NAME] = '21';
    assert.throws(() => environmentInteger(NAME, 1, 20), RangeError);
    process.env[NAME] = '0x10';
    assert.throws(() => environmentInteger(NAME, 1, 20), /must be an integer from 1 to 20, but is "0x10"/);
  } finally {
    delete process.env[NAME];
  }
  assert.equal(environmentInteger(NAME, 1, 20), undefined);
});

test('environmentWith() changes a copy only', { timeout }, () => {
  const copy = environmentWith({ [NAME]: 'y' });
  assert.equal(copy[NAME], 'y');
  assert.equal(process.env[NAME], undefined);
  assert.equal(copy['PATH'], process.env['PATH']);
});
