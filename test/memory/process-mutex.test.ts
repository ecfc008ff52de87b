import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { SharedWord } from '#src/memory/futex.js';
import { memoryHandle } from '#src/memory/handle.js';
import { ProcessMutex } from '#src/memory/process-mutex.js';
import { segment } from '#src/memory/segment.js';
import { shared } from '#src/memory/shared.js';
import { assertNoLeaks } from '../leaks.ts';
import { dist, ended, lineOf, missing, notLinux, program } from './mapped.ts';

const options = { timeout: 60_000, skip: missing };
const onLinux = { timeout: 60_000, skip: notLinux };
after(assertNoLeaks);

/** Makes the words of a handle in another program. */
const prelude = (handle: unknown): string => `
  const { SharedWord } = await import(${JSON.stringify(dist('futex.js'))});
  const { ProcessMutex } = await import(${JSON.stringify(dist('process-mutex.js'))});
  const words = new Int32Array(segment(${JSON.stringify(handle)}).buffer);
  const mutex = new ProcessMutex(words, 0);
`;

test('a mutex is exact: three processes and a thread add 600,000 times', options, async () => {
  const words = shared(Int32Array, 64, { across: 'processes' });
  const handle = memoryHandle(words);
  const body = `${prelude(handle)}
    // All at once: who starts first would be done before the last one begins.
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    Atomics.add(words, 2, 1);
    while (Atomics.load(words, 2) < 4) Atomics.wait(nobody, 0, 0, 1);
    for (let i = 0; i < 150_000; i++) {
      mutex.lock();
      const before = words[32]; // on another cache line, and long enough for others to come between
      for (let k = 0; k < 10; k++) words[48] = k;
      words[32] = before + 1;
      mutex.unlock();
    }`;
  const children = [1, 2].map(() => program(`${body} process.disconnect();`));
  const code = JSON.stringify(
    `import(${JSON.stringify(dist('segment.js'))}).then(async ({ segment }) => { ${body} })`,
  );
  children.push(
    program(`
      const worker = new Worker(${code}, { eval: true });
      worker.once('exit', () => process.disconnect());`),
  );
  const thread = new Worker(JSON.parse(code) as string, { eval: true });
  await new Promise((resolve, reject) => thread.once('exit', resolve).once('error', reject));
  for (const child of children) assert.equal(await ended(child), 0);
  assert.equal(words[32], 600_000);
  assert.equal(words[0], 0);
});

test('lockAsync() is exact, too, and several may wait in one thread', options, async () => {
  const words = shared(Int32Array, 2, { across: 'processes' });
  const child = program(`${prelude(memoryHandle(words))}
    for (let i = 0; i < 500; i++) {
      mutex.lock();
      const before = words[1];
      for (let k = 0; k < 1000; k++);
      words[1] = before + 1;
      mutex.unlock();
    }
    process.disconnect();`);
  await Promise.all(
    [1, 2, 3].map(async () => {
      const mutex = new ProcessMutex(words, 0);
      for (let i = 0; i < 100; i++) {
        assert.equal(await mutex.lockAsync(), true);
        const before = words[1]!;
        await new Promise((resolve) => setImmediate(resolve));
        words[1] = before + 1;
        mutex.unlock();
      }
    }),
  );
  assert.equal(await ended(child), 0);
  assert.equal(words[1], 800);
});

test('the mutex of a killed process is an error for all, until it is taken over', onLinux, async () => {
  const words = shared(Int32Array, 1, { across: 'processes' });
  const child = program(`${prelude(memoryHandle(words))}
    mutex.lock();
    console.log('HELD', process.pid);
    process.on('disconnect', () => process.exit());`);
  const pid = await lineOf(child, 'HELD');
  const mutex = new ProcessMutex(words, 0);
  assert.equal(mutex.tryLock(), false);
  assert.equal(mutex.lock(150), false, 'its holder lives');
  assert.equal(mutex.takeOver(), false);
  process.kill(Number(pid), 'SIGKILL');
  // Nobody reaps the child while this thread blocks: it is a zombie then.
  const died = { name: 'SharedMemoryError', message: new RegExp(`the process ${pid} died while it held`) };
  assert.throws(() => mutex.lock(), died);
  await assert.rejects(mutex.lockAsync(), died);
  assert.equal(mutex.takeOver(), true);
  mutex.unlock();
  assert.equal(mutex.lock(0), true);
  mutex.unlock();
  await ended(child);
});

test('a mutex refuses to be locked twice, or unlocked by who does not hold it', options, () => {
  const words = shared(Int32Array, 4, { across: 'processes' });
  const mutex = new ProcessMutex(words, 3);
  const other = new ProcessMutex(words, 3);
  assert.equal(mutex.lock(), true);
  assert.throws(() => mutex.lock(), { name: 'UnsupportedError', message: /not recursive/ });
  assert.throws(() => mutex.tryLock(), { name: 'UnsupportedError' });
  assert.throws(() => other.unlock(), { name: 'UnsupportedError', message: /does not hold/ });
  assert.equal(other.lock(20), false);
  assert.equal(mutex.held, true);
  mutex.unlock();
  assert.equal(other.tryLock(), true);
  other.unlock();
});

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
