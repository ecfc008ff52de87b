import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { callRing, endRing, recordOf, slotCount, totalWords, word } from '#src/executor/layout.js';
import { RingConsumer, RingProducer } from '#src/executor/ring.js';
import { copyOfLibrary, removeCopies, type Patch } from './model-threads.ts';

const timeout = 20_000;
after(removeCopies);

const memory = () => new Int32Array(new SharedArrayBuffer(totalWords * 4));

function takeAll(ring: { peek(): number; shift(): void }): number[] {
  const slots: number[] = [];
  for (let slot = ring.peek(); slot >= 0; slot = ring.peek()) {
    slots.push(slot);
    ring.shift();
  }
  return slots;
}

test('the consumer sees what was published, in order, and nothing that was not', { timeout }, () => {
  const words = memory();
  const producer = new RingProducer(words, callRing);
  const consumer = new RingConsumer(words, callRing);
  assert.equal(consumer.peek(), -1);
  assert.equal(producer.dirty, false);
  producer.push(7);
  producer.push(0);
  assert.equal(consumer.peek(), -1);
  assert.equal(producer.dirty, true);
  assert.deepEqual(producer.unpublished(), [7, 0]);
  producer.publish();
  assert.deepEqual(producer.unpublished(), []);
  assert.equal(consumer.peek(), 7);
  assert.equal(consumer.peek(), 7);
  producer.push(5);
  assert.deepEqual(takeAll(consumer), [7, 0]);
  producer.publish();
  assert.deepEqual(takeAll(consumer), [5]);
});

test('a ring takes every slot at a time, again and again', { timeout }, () => {
  const words = memory();
  const producer = new RingProducer(words, endRing);
  const consumer = new RingConsumer(words, endRing);
  const slots = Array.from({ length: slotCount }, (_, k) => (k * 7) % slotCount);
  for (let round = 0; round < 5; round++) {
    producer.push(round);
    producer.publish();
    assert.deepEqual(takeAll(consumer), [round]);
    for (const slot of slots) producer.push(slot);
    producer.publish();
    assert.deepEqual(takeAll(consumer), slots);
  }
});

test('the counters of a ring pass 2³¹ and 2³²', { timeout }, async () => {
  for (const start of [2 ** 31 - 3, -3]) {
    const late = (name: string): Patch => ['ring', `${name} = 0`, `${name} = ${start}`];
    const library = await copyOfLibrary(
      `late ${start}`,
      ['#written', '#published', '#consumed', '#head'].map(late),
    );
    const words = memory();
    words[callRing.head] = start;
    const producer = new library.ring.RingProducer(words, callRing);
    const consumer = new library.ring.RingConsumer(words, callRing);
    for (let k = 0; k < 10; k += 2) {
      producer.push(k);
      producer.push(k + 1);
      assert.deepEqual(producer.unpublished(), [k, k + 1]);
      producer.publish();
      assert.deepEqual(takeAll(consumer), [k, k + 1]);
    }
    assert.equal(words[callRing.head], (start + 10) | 0);
  }
});

test('heads, entries and records lie apart, and cells begin at even words', { timeout }, () => {
  const lines = [0, callRing.head, endRing.head, callRing.entries].map((at) => at * 4);
  for (let k = 1; k < lines.length; k++) assert.ok((lines[k] as number) - (lines[k - 1] as number) >= 64);
  assert.ok(callRing.entries + slotCount <= endRing.entries);
  assert.ok(endRing.entries + slotCount <= recordOf(0));
  assert.equal(recordOf(0) % 2, 0);
  assert.equal((recordOf(slotCount - 1) + word.state) * 4 < totalWords * 4, true);
  assert.equal(slotCount & (slotCount - 1), 0);
});
