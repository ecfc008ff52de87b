import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { assertNoLeaks, findLeaks } from '../leaks.ts';

const options = { timeout: 30_000 };

test('assertNoLeaks() passes when nothing is left', options, async () => {
  const worker = new Worker('', { eval: true });
  await once(worker, 'exit');
  await assertNoLeaks();
});

test('findLeaks() names a timer and a port that are left', options, async () => {
  const timer = setTimeout(() => {}, 60_000);
  const { port1 } = new MessageChannel();
  port1.on('message', () => {});
  try {
    assert.match((await findLeaks(2)).join(), /(?=.*Timeout)(?=.*MessagePort)/);
  } finally {
    clearTimeout(timer);
    port1.close();
  }
  await assertNoLeaks();
});

test('findLeaks() names a worker that is left', options, async () => {
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
  worker.unref();
  try {
    assert.match((await findLeaks(2)).join(), /Worker/);
  } finally {
    await worker.terminate();
  }
  await assertNoLeaks();
});

test('findLeaks() names a child process that is left', options, async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    assert.match((await findLeaks(2)).join(), /child process|ProcessWrap/);
  } finally {
    child.kill();
    await once(child, 'exit');
  }
  await assertNoLeaks();
});

test('assertNoLeaks() fails when something is left', options, async () => {
  const timer = setInterval(() => {}, 60_000);
  try {
    await assert.rejects(assertNoLeaks(), /the tests left behind: Timeout/);
  } finally {
    clearInterval(timer);
  }
});
