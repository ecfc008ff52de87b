import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registrySlot } from '#src/base/registry.js';
import { fromRoot } from '../root.ts';

const timeout = 10_000;

test('an entry is made once and kept until it is removed', { timeout }, () => {
  const slot = registrySlot<{ n: number }>('test-entry', 1);
  assert.equal(slot.get(), undefined);
  const first = slot.take(() => ({ n: 1 }));
  assert.equal(
    slot.take(() => ({ n: 2 })),
    first,
  );
  slot.set({ n: 3 });
  assert.deepEqual(slot.get(), { n: 3 });
  slot.set(undefined);
  assert.equal(slot.get(), undefined);
});

test(
  'a second copy of the package finds the entries of the first, other layouts do not',
  { timeout },
  async () => {
    const url = new URL(`file://${fromRoot('.build/modules/base/registry.js')}`).href;
    const copy = (await import(url)) as typeof import('#src/base/registry.js');
    assert.notEqual(copy.registrySlot, registrySlot);
    registrySlot<string>('test-copies', 1).set('first');
    assert.equal(copy.registrySlot<string>('test-copies', 1).get(), 'first');
    assert.equal(copy.registrySlot<string>('test-copies', 2).get(), undefined);
    registrySlot<string>('test-copies', 1).set(undefined);
  },
);

test('the table does not show up when globals are enumerated', { timeout }, () => {
  const slot = registrySlot<number>('test-hidden', 1);
  slot.set(1);
  assert.ok(Symbol.for('tutti') in globalThis);
  assert.equal(Object.getOwnPropertyDescriptor(globalThis, Symbol.for('tutti'))?.enumerable, false);
  slot.set(undefined);
});
