import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { TuttiError } from '#src/base/errors.js';
import { fromRoot } from '../root.ts';

test('fromRoot() names files of the repository from compiled tests', { timeout: 10_000 }, () => {
  assert.ok(existsSync(fromRoot('src', 'base', 'errors.ts')));
});

test('compiled tests reach internal modules by #src', { timeout: 10_000 }, () => {
  assert.equal(typeof TuttiError, 'function');
});
