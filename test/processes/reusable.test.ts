import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, reusable, type ProcessesOptions } from 'tutti';
import { until } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { timeout } from './modes.ts';

after(async () => {
  await reusable().close();
  await assertNoLeaks();
});

test('reusable() returns the same executor for the same options', { timeout }, async () => {
  const one = reusable({ workers: 1, env: { A: '1' } });
  assert.equal(reusable({ workers: 1, env: { A: '1' } }), one);
  assert.equal(await one.submit(() => process.env['A']), '1');
  assert.equal(reusable({ env: { A: '1' } }), one, 'without `workers` it keeps its size');
  assert.equal(one.workers, 1);
});

test('reusable() resizes the executor when only `workers` differs', { timeout }, () => {
  const one = reusable({ workers: 1 });
  assert.equal(reusable({ workers: 2 }), one);
  assert.equal(one.workers, 2);
  assert.throws(() => reusable({ workers: 0 }), RangeError);
  assert.equal(reusable(), one);
});

test('reusable() closes an executor with other options, which finishes its work', { timeout }, async () => {
  const old = reusable({ workers: 1, env: { A: '1' } });
  const task = old.submit(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return process.env['A'];
  });
  const init = () => undefined;
  const made = reusable({ workers: 1, init });
  assert.notEqual(made, old);
  assert.ok(old.closed);
  assert.equal(await task, '1');
  assert.equal(reusable({ init }), made, 'functions are the same when they are the same object');
  assert.notEqual(reusable({ workers: 1, init: () => undefined }), made);
});

test('reusable() looks at the values of its options as they were', { timeout }, () => {
  const env: Record<string, string> = { A: '1' };
  const one = reusable({ workers: 1, env });
  env['A'] = '2';
  assert.notEqual(reusable({ workers: 1, env }), one);
});

test(
  'reusable() compares process.env, and other objects of a kind of their own, by what they hold',
  { timeout },
  () => {
    const env = process.env as Record<string, string>;
    const one = reusable({ workers: 1, env });
    assert.equal(reusable({ workers: 1, env }), one);
    assert.equal(reusable({ env: { ...env } }), one);
    assert.equal(reusable({ env: Object.assign(Object.create(null), env) as Record<string, string> }), one);
    assert.notEqual(reusable({ env: { ...env, TUTTI_TEST_OTHER: '1' } }), one);
  },
);

test('reusable() takes what is undefined as not given', { timeout }, async (t) => {
  await reusable().close();
  const given: ProcessesOptions = { workers: 1, env: undefined, idleTimeoutMs: undefined } as never;
  const delays: unknown[] = [];
  const { setTimeout: original } = globalThis;
  t.mock.method(globalThis, 'setTimeout', (...args: Parameters<typeof setTimeout>) => {
    delays.push(args[1]);
    return original(...args);
  });
  const one = reusable(given);
  assert.equal(await one.submit(() => 1), 1);
  await until('it waits for idle workers to end', () => delays.some((ms) => Number(ms) > 9000));
  assert.equal(reusable({ workers: 1 }), one);
});

test('reusable() makes another executor after close() and terminate()', { timeout }, async () => {
  for (const end of ['close', 'terminate'] as const) {
    const one = reusable({ workers: 1 });
    assert.equal(await one.submit(() => 1), 1);
    await one[end]();
    const other = reusable({ workers: 1 });
    assert.notEqual(other, one);
    assert.equal(await other.submit(() => 2), 2);
  }
});

test('reusable() goes on after a worker died', { timeout }, async () => {
  const one = reusable({ workers: 1 });
  await assert.rejects(
    one.submit(() => process.exit(3)),
    { code: 'ERR_TUTTI_WORKER_CRASHED', exitCode: 3 },
  );
  assert.equal(reusable({ workers: 1 }), one);
  assert.equal(await one.submit(() => 4), 4);
});

test('reusable() lets idle workers end', { timeout }, async () => {
  const one = reusable({ workers: 1, idleTimeoutMs: 20 });
  const id = await one.submit(() => context().workerId);
  await until('the worker has ended', () => one.stats().alive === 0);
  assert.notEqual(await reusable({ idleTimeoutMs: 20 }).submit(() => context().workerId), id);
});

test('reusable() refuses wrong options and keeps the executor that it has', { timeout }, () => {
  const one = reusable();
  assert.throws(() => reusable({ nonsense: 1 } as never), { name: 'TypeError', message: /^reusable/ });
  assert.throws(() => reusable({ sharedMemory: 1 } as never), { name: 'TypeError', message: /^reusable/ });
  assert.throws(() => reusable({ env: { A: () => 1 } } as never), {
    name: 'TypeError',
    message: /^reusable/,
  });
  assert.throws(() => reusable({ execArgv: { 0: '--x' } } as never), TypeError);
  assert.throws(() => reusable(5 as never), { name: 'TypeError', message: /^reusable/ });
  assert.throws(() => reusable(null as never), TypeError);
  assert.throws(() => reusable({ graceMs: -1 }), RangeError);
  assert.equal(reusable(), one);
});
