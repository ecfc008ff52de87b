/** What a worker holds stays in order, and small calls become parts when they are asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldParts } from '../../src/executor/held-parts.ts';
import { Part, type ChunkRun, type SmallCall } from '../../src/executor/part.ts';
import { dice } from '../structures/dice.ts';

/** As much of a small call as it takes to be held. */
const callAt = (slot: number): SmallCall => ({ slot }) as SmallCall;

const partOf = (): Part => new Part({} as ChunkRun, 0, 1);

test('a small call becomes a part once, when somebody asks for it', () => {
  const opened: SmallCall[] = [];
  const held = new HeldParts((call) => {
    opened.push(call);
    return partOf();
  });
  const calls = [5, 0, 511].map(callAt);
  for (const call of calls) held.add(call);
  assert.equal(held.size, 3);
  assert.equal(held.at(0), calls[1]);
  assert.equal(held.get(-1), undefined);
  assert.equal(held.get(1), undefined);
  assert.deepEqual(opened, [], 'nobody has asked');
  assert.deepEqual(
    held.all().map(({ slot }) => slot),
    [5, 0, 511],
    'in the order in which they were given',
  );
  assert.deepEqual(opened, calls);
  assert.equal(held.first, held.get(5));
  assert.equal(opened.length, 3, 'and no more than once');
});

test('whatever comes and goes, what is held is there in order', () => {
  const held = new HeldParts(partOf);
  const random = dice(7);
  let model: SmallCall[] = [];
  for (let step = 0; step < 20_000; step++) {
    const slot = Math.floor(random() * 512);
    const there = model.find((call) => call.slot === slot);
    if (there === undefined) {
      const call = callAt(slot);
      model.push(call);
      held.add(call);
      assert.equal(held.at(slot), call);
    } else {
      model.splice(model.indexOf(there), 1);
      held.delete(slot);
      assert.equal(held.at(slot), undefined);
    }
    assert.equal(held.size, model.length);
    if (step % 5000 === 4999) {
      held.clear();
      model = [];
    }
    if (step % 1000 === 0)
      assert.deepEqual(
        held.all().map((part) => part.slot),
        model.map((call) => call.slot),
      );
  }
});
