/** Whoever is called by a condition is woken when the mutex is free, and not before. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as lock from '#src/sync/lock-word.js';
import { threadWords, type Words } from '#src/sync/words.js';
import { shared, threads } from 'tutti';
import { Condition, Mutex, ReentrantMutex } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';

after(assertNoLeaks);

/** Words that keep what they were told to wake. */
function recorded(): { words: Words; woken: [number, number][] } {
  const woken: [number, number][] = [];
  const words: Words = Object.create(threadWords(16), {
    notify: { value: (at: number, count: number) => woken.push([at, count]) },
  }) as Words;
  return { words, woken };
}

for (const mutex of [new Mutex(), new ReentrantMutex()]) {
  const kind = mutex.constructor.name;
  test(`a sleeper is woken when the ${kind} is unlocked, each once`, { timeout: 30_000 }, () => {
    const { words, woken } = recorded();
    mutex.lock();
    lock.wakeLater(words, 2);
    lock.wakeLater(words, 3);
    assert.deepEqual(woken, []);
    mutex.unlock();
    assert.deepEqual(woken, [
      [2, 1],
      [3, 1],
    ]);
    mutex.run(() => undefined);
    assert.equal(woken.length, 2);
  });
}

test('an unlock that is refused wakes nobody, the one that follows does', { timeout: 30_000 }, () => {
  const { words, woken } = recorded();
  const mutex = new Mutex();
  lock.wakeLater(words, 1);
  assert.throws(() => mutex.unlock(), { name: 'NotHeldError' });
  assert.deepEqual(woken, []);
  mutex.run(() => undefined);
  assert.deepEqual(woken, [[1, 1]]);
});

test(
  'turns that are passed on by notify() arrive, whichever object unlocks the mutex',
  { timeout: 60_000 },
  async () => {
    const mutex = new Mutex();
    const changed = new Condition(mutex);
    const turn = shared(Int32Array, 1);
    const rounds = 2000;
    await using pool = threads({ workers: 2 });
    // The mutex and the one of the condition arrive by different ways.
    const side = (own: Mutex, mine: number): void => {
      for (let i = 0; i < rounds; i++) {
        own.lock();
        changed.waitFor(() => turn[0] === mine);
        turn[0] = 1 - mine;
        changed.notify();
        own.unlock();
      }
    };
    await Promise.all([pool.submit(side, mutex, 0), pool.submit(side, mutex, 1)]);
    assert.equal(turn[0], 0);
    assert.equal(mutex.locked, false);
  },
);
