/**
 * Testing parallel code: the same test on every executor.
 *
 * Write the code so that it takes an executor. Tests then run it on `serial()`, where failures are easy to read, and on
 * `threads()` with several numbers of workers, where copies, order and races would show. Started by itself, this file
 * lets node:test run it and prints what passed.
 *
 * Python: testing parallel code (pytest.mark.parametrize over SerialPool, ThreadPool, ProcessPool)
 */
import assert from 'node:assert/strict';
import { run, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { context, serial, threads, type Executor } from 'tutti';

/** The code under test: the most frequent letter of each word. */
async function favourites(executor: Executor, words: string[]): Promise<string[]> {
  return executor.map(words, (word) => {
    const counts = new Map<string, number>();
    for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  });
}

const executors = {
  serial: () => serial(),
  'one thread': () => threads({ workers: 1 }),
  'three threads': () => threads({ workers: 3 }),
};

if (process.env['NODE_TEST_CONTEXT'] === undefined) {
  const results = run({ files: [fileURLToPath(import.meta.url)] });
  for await (const { type, data } of results) {
    if (type === 'test:pass' && data.nesting === 0 && data.name.includes(':'))
      console.log(`ok: ${data.name}`);
    if (type === 'test:fail') console.log(`failed: ${data.name}: ${data.details.error.message}`);
  }
} else {
  for (const [name, open] of Object.entries(executors)) {
    void test(`${name}: the favourite letters`, { timeout: 30_000 }, async () => {
      const executor = open();
      const found = await favourites(executor, ['banana', 'cello', 'bassoon']);
      await executor.close();
      assert.deepEqual(found, ['a', 'l', 's']);
    });

    void test(`${name}: repeats with a seed`, { timeout: 30_000 }, async () => {
      const executor = open();
      const draw = () => executor.map([1, 2, 3], () => context().random(), { seed: 1 });
      const [first, second] = [await draw(), await draw()];
      await executor.close();
      assert.deepEqual(first, second);
    });
  }
}

// expected output:
// ok: serial: the favourite letters
// ok: serial: repeats with a seed
// ok: one thread: the favourite letters
// ok: one thread: repeats with a seed
// ok: three threads: the favourite letters
// ok: three threads: repeats with a seed
