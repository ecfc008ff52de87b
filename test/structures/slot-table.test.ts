import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { assertNoLeaks } from '../leaks.ts';
import { endedThread } from './ended-thread.ts';
import { AbandonedError, i32, sharedMap } from 'tutti/structures';
import { lockedBy } from '#src/structures/lock-word.js';
import { DELETED, EMPTY, FULL, SLOTS_AT } from '#src/structures/slot-table.js';
import { hasEnded, threadIdentity } from '#src/structures/thread-identity.js';

after(assertNoLeaks);
const timeout = 20_000;
const onLinux = { timeout, skip: process.platform === 'linux' ? false : 'needs the thread ids of Linux' };

/** A map of small integers, and the words of its slots' states by key. */
function open(timeoutMs?: number) {
  const map = sharedMap({
    keys: i32,
    values: i32,
    capacity: 20,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  const words = new Int32Array(map.buffer);
  const stride = 3 + 1 + 2;
  const stateAt = (key: number): number => {
    for (let slot = SLOTS_AT; slot < words.length; slot += stride)
      if (words[slot] === FULL && words[slot + 3] === key) return slot;
    throw new RangeError(`no slot of ${key}`);
  };
  const free = (): number => {
    for (let slot = SLOTS_AT; slot < words.length; slot += stride) if (words[slot] === EMPTY) return slot;
    throw new RangeError('no empty slot');
  };
  return { map, words, stateAt, free };
}

/** Each lock for new keys. */
const stripes = Array.from({ length: 64 }, (_, i) => 16 + 16 * i);

test('this thread is alive, others have ids of their own', onLinux, async () => {
  assert.equal(hasEnded(threadIdentity()), false);
  assert.equal(hasEnded(process.pid), false);
  const id = await endedThread();
  assert.notEqual(id, threadIdentity());
  assert.equal(hasEnded(id), true);
  assert.ok(Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) <= 2 ** 22);
});

test('an entry whose changer died is as before, and goes on being used', onLinux, async () => {
  const dead = await endedThread();
  for (const change of ['set', 'add', 'update', 'delete', 'clear'] as const) {
    const { map, words, stateAt } = open();
    map.set(1, 10);
    const slot = stateAt(1);
    words[slot] = lockedBy(dead, FULL);
    // Half of a value that never was published: the place that does not count.
    words[slot + 4 + ((words[slot + 1]! + 1) & 1)] = 666;
    assert.equal(map.get(1), 10, 'readers do not wait');
    assert.equal(map.has(1), true);
    assert.deepEqual([...map], [[1, 10]]);
    if (change === 'set') map.set(1, 11);
    if (change === 'add') map.add(1);
    if (change === 'update') map.update(1, (n) => n! + 1);
    if (change === 'delete') map.delete(1);
    if (change === 'clear') map.clear();
    assert.equal(map.get(1), change === 'delete' || change === 'clear' ? undefined : 11, change);
    assert.notEqual(words[slot], lockedBy(dead, FULL));
  }
});

test('new keys can be added after a thread died that added some', onLinux, async () => {
  const dead = await endedThread();
  const { map, words, free } = open();
  for (let key = 0; key < 5; key++) map.set(key, key);
  for (const stripe of stripes) words[stripe] = lockedBy(dead, 0);
  const slot = free();
  words[slot] = lockedBy(dead, EMPTY);
  for (let key = 5; key < 20; key++) map.set(key, key);
  for (let key = 0; key < 20; key++) assert.equal(map.get(key), key);
  assert.equal(map.size, 20);
  assert.equal([...map].length, 20, 'what was half-added is no entry');
  assert.ok(words[slot] === DELETED || words[slot] === FULL, 'the gap that it left can be used');
});

test('a lock of a thread that lives but does not go on ends in an AbandonedError', onLinux, async () => {
  const { map, words, stateAt } = open(50);
  map.set(1, 10);
  const slot = stateAt(1);
  // A thread of this process that lives: its main thread would do, but that is us.
  const worker = new Worker(
    `require('node:worker_threads').parentPort.postMessage(
       Number(require('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1)));
     setInterval(() => {}, 1000)`,
    { eval: true },
  );
  const [alive] = (await once(worker, 'message')) as [number];
  const refused = (error: unknown): boolean => {
    assert.ok(error instanceof AbandonedError);
    assert.equal(error.code, 'ERR_TUTTI_ABANDONED');
    assert.equal(error.holder, alive);
    assert.ok((error.waitedMs ?? 0) >= 50);
    assert.match(error.message, /does not go on/);
    return true;
  };
  try {
    words[slot] = lockedBy(alive, FULL);
    assert.throws(() => map.set(1, 2), refused);
    assert.throws(() => map.add(1), refused);
    assert.throws(() => map.update(1, () => 2), refused);
    assert.throws(() => map.delete(1), refused);
    assert.throws(() => map.clear(), refused);
    assert.equal(map.get(1), 10);
    for (const stripe of stripes) words[stripe] = lockedBy(alive, 0);
    assert.throws(() => map.set(2, 2), refused);
  } finally {
    words[slot] = FULL;
    for (const stripe of stripes) words[stripe] = 0;
    await worker.terminate();
  }
  map.set(1, 3);
  assert.equal(map.get(1), 3);
});

test('without thread ids the wait is bounded all the same', { timeout }, () => {
  const { map, words, stateAt } = open(20);
  map.set(1, 10);
  words[stateAt(1)] = lockedBy(0, FULL);
  assert.throws(() => map.set(1, 2), AbandonedError);
  assert.equal(map.get(1), 10);
});

test('what this thread itself left locked is no obstacle to it', onLinux, () => {
  const { map, words, stateAt } = open();
  map.set(1, 10);
  words[stateAt(1)] = lockedBy(threadIdentity(), FULL);
  for (const stripe of stripes) words[stripe] = lockedBy(threadIdentity(), 0);
  map.set(1, 11).set(2, 2);
  assert.deepEqual([map.get(1), map.get(2)], [11, 2]);
});
