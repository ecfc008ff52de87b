import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { SharedWord } from '#src/memory/futex.js';
import { memoryHandle } from '#src/memory/handle.js';
import { segment } from '#src/memory/segment.js';
import { shared } from '#src/memory/shared.js';
import { assertNoLeaks } from '../leaks.ts';
import { dist, ended, missing, program } from './mapped.ts';

const options = { timeout: 60_000, skip: missing };
after(assertNoLeaks);

/** Makes the words of a handle in another program. */
const prelude = (handle: unknown): string => `
  const { SharedWord } = await import(${JSON.stringify(dist('futex.js'))});
  const words = new Int32Array(segment(${JSON.stringify(handle)}).buffer);
`;

test('a word is waited for until another process changes it', options, async () => {
  const words = shared(Int32Array, 2, { across: 'processes' });
  const word = new SharedWord(words, 1);
  assert.equal(word.wait(1), true, 'it differs at once');
  assert.equal(word.wait(0, 10), false);
  assert.equal(await word.waitAsync(0, 10), false);
  const child = program(`${prelude(memoryHandle(words))}
    const word = new SharedWord(words, 1);
    for (let n = 0; n < 20; n += 2) {
      word.wait(n);
      Atomics.store(words, 1, n + 2);
      word.wake();
    }
    process.disconnect();`);
  for (let n = 0; n < 20; n += 2) {
    Atomics.store(words, 1, n + 1);
    word.wake();
    if (n % 4 === 0) assert.equal(word.wait(n + 1), true);
    else assert.equal(await word.waitAsync(n + 1), true);
    assert.equal(words[1], n + 2);
  }
  assert.equal(await ended(child), 0);
});

test('a word to wait on must be in memory that others see', options, () => {
  assert.throws(() => new SharedWord(new Int32Array(1), 0), {
    name: 'TypeError',
    message: /must be in a segment/,
  });
  const made = segment(8);
  const words = new Int32Array(made.buffer);
  assert.throws(() => new SharedWord(words, 2), RangeError);
  const word = new SharedWord(words, 1);
  made.release();
  word.wake(); // nobody there, and nothing happens
});
