import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { threads } from 'tutti';
import { CaptureError, MissingPackageError, SharedMemoryError, UnsupportedError } from '#src/base/errors.js';
import { segment, type SegmentHandle } from '#src/memory/segment.js';
import { trackerId } from '#src/memory/tracker.js';
import { assertNoLeaks } from '../leaks.ts';
import { dist, ended, exists, lineOf, missing, notLinux, program, trackers, until } from './mapped.ts';

const options = { timeout: 30_000, skip: missing };
const onLinux = { timeout: 30_000, skip: notLinux };

after(assertNoLeaks);

test('segment() makes zeroed memory that its handle finds again', options, () => {
  const made = segment(100);
  assert.equal(made.byteLength, 100);
  assert.equal(made.buffer.byteLength, 100);
  assert.deepEqual(
    [...new Uint8Array(made.buffer)],
    Array.from({ length: 100 }, () => 0),
  );
  const found = segment(structuredClone(made.handle));
  assert.equal(found.buffer, made.buffer);
  assert.equal(segment(made.name).byteLength >= 100, true);
  assert.equal(new Uint8Array(made.buffer).fill(7)[99], 7);
});

test('the memory goes with the last release(), and the name soon after', onLinux, async () => {
  const made = segment(64);
  const found = segment(made.name);
  const array = new Int32Array(made.buffer);
  array[3] = 5;
  made.release();
  made.release();
  assert.equal(array[3], 5, 'the other one holds it');
  found.release();
  if ('transfer' in ArrayBuffer.prototype) assert.equal(array.length, 0);
  else assert.equal(array[3], 0);
  array[3] = 1; // lost, but no crash
  await until(() => !exists(made.name));
  assert.throws(() => segment(made.handle), {
    name: 'SharedMemoryError',
    message: /there is none of this name/,
  });
});

test('a buffer that is collected lets go of its segment', onLinux, async () => {
  const child = program(`
    let name = (() => segment(1 << 20).name)();
    console.log('NAME', name);
    setInterval(() => gc(), 10);
    const hoard = [];
    process.on('disconnect', () => process.exit());
  `);
  const name = await lineOf(child, 'NAME');
  await until(() => !exists(name));
  assert.equal(child.exitCode, null, 'the program still runs');
  child.disconnect();
  await ended(child);
});

test('unlink() takes the name away and leaves the memory', onLinux, () => {
  const made = segment(64);
  assert.equal(made.unlink(), true);
  assert.equal(made.unlink(), false);
  assert.equal(exists(made.name), false);
  assert.equal(new Int8Array(made.buffer).fill(3)[63], 3);
  made.release();
});

test('worker threads and child processes see the same memory', options, async () => {
  const made = segment(8 * 4);
  const words = new Int32Array(made.buffer);
  const code = (where: string): string => `
    const s = segment(${where});
    Atomics.add(new Int32Array(s.buffer), 1, 20);
  `;
  const body = JSON.stringify(`
    import(${JSON.stringify(dist('segment.js'))}).then(({ segment }) => {
      ${code("require('node:worker_threads').workerData")}
    });`);
  const child = program(`
    process.once('message', (handle) => {
      ${code('handle')}
      new Worker(${body}, { eval: true, workerData: handle }).once('exit', () => process.disconnect());
    });`);
  child.send(made.handle);
  assert.equal(await ended(child), 0);
  assert.equal(words[1], 40);
  const worker = new Worker(JSON.parse(body) as string, { eval: true, workerData: made.handle });
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  assert.equal(words[1], 60);
  made.release();
});

const ENDS: [how: string, code: string, wanted: number | string][] = [
  ['returns', 'process.disconnect();', 0],
  ['exits', 'process.exit(3);', 3],
  ['throws', "process.once('uncaughtException', () => process.exit(7)); throw new TypeError('x');", 7],
  ['aborts', 'process.abort();', 'SIGABRT'],
  ['is killed', "process.kill(process.pid, 'SIGKILL');", 'SIGKILL'],
];
for (const [how, code, wanted] of ENDS) {
  test(`nothing is left when a program that holds segments ${how}`, onLinux, async () => {
    const child = program(`
      const kept = [segment(1000), segment(2000)];
      globalThis.kept = kept;
      process.stdout.write('NAMES ' + kept.map((each) => each.name).join() + '\\n', () => { ${code} });`);
    const names = (await lineOf(child, 'NAMES')).split(',');
    assert.equal(await ended(child), wanted);
    await until(() => !names.some(exists));
    const id = names[0]!.slice(6, 16);
    await until(() => trackers(id).length === 0);
  });
}

test('a worker that is terminated lets go', onLinux, async () => {
  const child = program(`
    globalThis.kept = segment(10);
    const worker = new Worker(
      "import(" + ${JSON.stringify(JSON.stringify(dist('segment.js')))} + ")" +
        ".then(({ segment }) => { require('node:worker_threads').parentPort.postMessage((globalThis.kept = segment(1000)).name); for (;;); })",
      { eval: true });
    worker.once('message', (name) => { console.log('NAME', name); process.once('message', () => worker.terminate()); });
    process.once('disconnect', () => process.exit());`);
  const name = await lineOf(child, 'NAME');
  assert.equal(exists(name), true);
  child.send('terminate');
  await until(() => !exists(name));
  assert.equal(child.exitCode, null);
  child.disconnect();
  await ended(child);
});

test('a segment lives while anyone holds it, also when its maker is killed', onLinux, async () => {
  const maker = program(`
    const made = (globalThis.kept = segment(64));
    new Int32Array(made.buffer)[0] = 42;
    console.log('NAME', made.name);
    process.once('disconnect', () => process.exit());`);
  const name = await lineOf(maker, 'NAME');
  const found = segment(name);
  maker.kill('SIGKILL');
  await ended(maker);
  const again = program(`
    console.log('VALUE', new Int32Array(segment(${JSON.stringify(name)}).buffer)[0]);
    process.disconnect();`);
  assert.equal(await lineOf(again, 'VALUE'), '42');
  await ended(again);
  assert.equal(exists(name), true);
  assert.equal(new Int32Array(found.buffer)[0], 42);
  found.release();
  await until(() => !exists(name));
});

test('child processes that are told so share one tracker, and outlive its first user', onLinux, async () => {
  const holder = program(
    `globalThis.kept = segment(10); console.log('NAME', kept.name); process.once('disconnect', () => process.exit());`,
    {
      TUTTI_TRACKER: 'abcdefghij',
    },
  );
  const name = await lineOf(holder, 'NAME');
  assert.equal(name.slice(6, 16), 'abcdefghij');
  const second = program(
    `globalThis.kept = segment(10); console.log('NAME', kept.name); process.once('disconnect', () => process.exit());`,
    {
      TUTTI_TRACKER: 'abcdefghij',
    },
  );
  const other = await lineOf(second, 'NAME');
  await until(() => trackers('abcdefghij').length > 0);
  assert.equal(trackers('abcdefghij').length, 1);
  holder.kill('SIGKILL');
  await until(() => !exists(name));
  assert.equal(exists(other), true);
  second.kill('SIGKILL');
  await until(() => !exists(other));
  await until(() => trackers('abcdefghij').length === 0);
  await Promise.all([ended(holder), ended(second)]);
});

test('a killed tracker is replaced by one that knows what is held', onLinux, async () => {
  const child = program(
    `const made = (globalThis.kept = segment(10));
    console.log('NAME', made.name);
    process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));`,
    { TUTTI_TRACKER: 'zzzzzzzzzz' },
  );
  const name = await lineOf(child, 'NAME');
  await until(() => trackers('zzzzzzzzzz').length === 1);
  const [first] = trackers('zzzzzzzzzz');
  process.kill(Number(first), 'SIGKILL');
  await until(() => trackers('zzzzzzzzzz').some((pid) => pid !== first));
  assert.equal(exists(name), true);
  child.disconnect();
  await ended(child);
  await until(() => !exists(name));
  await until(() => trackers('zzzzzzzzzz').length === 0);
});

test('a request that is too large says how much was asked and how much is free', onLinux, () => {
  const huge = 2 ** 46;
  assert.throws(
    () => segment(huge),
    (error) => {
      if (process.versions.node.startsWith('20.')) {
        assert.ok(error instanceof UnsupportedError);
        assert.match(error.message, /70\.4 TB \(70368744177664 bytes\) do not fit .* Node 20/);
        return true;
      }
      assert.ok(error instanceof SharedMemoryError);
      assert.match(
        error.message,
        /cannot reserve 70\.4 TB \(70368744177664 bytes\) of shared memory: .* free/,
      );
      assert.equal(error.byteLength, huge);
      assert.equal(typeof error.free, 'number');
      return true;
    },
  );
});

test('a segment that is captured says what to send instead', options, async () => {
  const memory = segment(64);
  try {
    await using pool = threads({ workers: 1 });
    const handle = 'send its `handle`, and call segment(handle) there';
    await assert.rejects(
      pool.submit(() => memory.byteLength),
      (error: Error) => error instanceof CaptureError && error.message.includes(handle),
    );
  } finally {
    memory.release();
  }
});

test('segment() refuses what is no size, name or handle', options, () => {
  for (const size of [0, -1, 1.5, Number.NaN, Infinity]) {
    assert.throws(() => segment(size), { name: 'RangeError', message: /must be an integer of at least 1/ });
  }
  for (const other of [null, undefined, {}, [], { kind: 'segment', name: 1 }]) {
    assert.throws(() => segment(other as never), TypeError);
  }
  for (const name of ['', 'x', '../etc/passwd', 'tutti-../x', 'tutti-']) {
    assert.throws(() => segment(name), { name: 'TypeError', message: /is not the name of a segment/ });
  }
  const made = segment(8);
  const wrong: SegmentHandle = { ...made.handle, byteLength: 1e9 };
  assert.throws(() => segment(wrong), { name: 'SharedMemoryError', message: /asks for 1 GB .* has 8 bytes/ });
  assert.equal(made.buffer.byteLength, 8);
  made.release();
});

test('the buffer of a segment cannot be transferred away', options, () => {
  const { buffer } = segment(8);
  const { transfer } = buffer as { transfer?: () => unknown };
  assert.throws(() => transfer!.call(buffer), { name: 'TypeError', message: /seen by others/ });
  try {
    structuredClone(buffer, { transfer: [buffer] });
  } catch (error) {
    assert.equal((error as Error).name, 'DataCloneError');
  }
  assert.equal(buffer.byteLength, 8);
});

test('without koffi segment() names the command that installs it', { timeout: 30_000 }, async () => {
  const child = program(`
    import { createRequire, Module } from 'node:module';
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name === 'koffi') throw Object.assign(new TypeError('no koffi'), { code: 'MODULE_NOT_FOUND' });
      return resolve.call(this, name, ...rest);
    };
    try { segment(8); } catch (error) { console.log('ERROR', error.name, error.code, error.message); }
    process.disconnect();`);
  const line = await lineOf(child, 'ERROR');
  await ended(child);
  if (process.platform === 'win32') return assert.match(line, /^UnsupportedError/);
  assert.match(line, /^MissingPackageError ERR_TUTTI_MISSING_PACKAGE segment\(\) needs .*npm install koffi/);
  assert.equal(new MissingPackageError('x', 'koffi').packageName, 'koffi');
});

test('this program uses one tracker for all its threads', onLinux, () => {
  assert.equal(segment(8).name.slice(6, 16), trackerId());
});
