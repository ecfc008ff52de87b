import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executorOptions } from '#src/executor/options.js';
import { openFake } from './fake-backend.js';

const limit = { timeout: 10_000 };

test('executor options get their defaults', limit, () => {
  const options = executorOptions('threads', undefined, () => 6);
  assert.equal(options.workers, 6);
  assert.equal(options.name, 'threads');
  assert.equal(options.maxQueue, Infinity);
  assert.equal(options.graceMs, 250);
  assert.ok(Number.isSafeInteger(options.seed));
  assert.equal(executorOptions('threads', { workers: 3, seed: 5 }, () => 6).seed, 5);
});

test('a wrong executor option is named with what was given and what is allowed', limit, () => {
  const wrong = (options: unknown) => () => executorOptions('threads', options, () => 2);
  assert.throws(wrong({ workers: 0 }), { name: 'RangeError', message: /workers.*from 1.*but got 0/ });
  assert.throws(wrong({ workers: '4' }), { name: 'TypeError', message: /workers.*"4"/ });
  assert.throws(wrong({ worker: 4 }), { name: 'TypeError', message: /unknown option `worker`.*`workers`/ });
  assert.throws(wrong({ init: 5 }), { name: 'TypeError', message: /init.*function/ });
});

test('a wrong call option rejects the task', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const map = (options: object) => pool.map([1], (x) => x, options);
  await assert.rejects(map({ chunk: 0 }), { name: 'RangeError', message: /map\(\).*chunk/ });
  await assert.rejects(map({ timeout: 5 }), { name: 'TypeError', message: /`timeout`.*`timeoutMs`/ });
  await assert.rejects(map({ window: 5 }), { name: 'TypeError', message: /unknown option `window`/ });
  await assert.rejects(map({ retries: { backoffMs: 5 } }), { name: 'TypeError', message: /retries\.limit/ });
  await assert.rejects(map({ retries: { limit: -1 } }), { name: 'RangeError', message: /retries\.limit/ });
  await assert.rejects(map({ signal: {} }), { name: 'TypeError', message: /AbortSignal/ });
  assert.throws(() => pool.stream([1], (x) => x, { window: 0 }), RangeError);
  assert.throws(() => pool.with({ priority: NaN }), RangeError);
  assert.throws(() => pool.mapSync([1], (x) => x, { chunk: 1.5 }), RangeError);
});

test('wrong arguments reject the task and say what is wrong', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const wrong = pool as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  await assert.rejects(wrong['submit']!(5), { name: 'TypeError', message: /submit\(\) needs a function/ });
  await assert.rejects(wrong['map']!([1]), {
    name: 'TypeError',
    message: /needs a function after its items/,
  });
  await assert.rejects(
    wrong['map']!(5, (x: unknown) => x),
    { name: 'TypeError', message: /items, but got 5/ },
  );
  await assert.rejects(
    wrong['map']!(undefined, (x: unknown) => x),
    { name: 'TypeError', message: /undefined/ },
  );
  await assert.rejects(
    wrong['map']!([1], (x: unknown) => x, {}, {}),
    TypeError,
  );
  await assert.rejects(
    wrong['for']!('5', () => 0),
    { name: 'TypeError', message: /the range must be a number or { start, end, step }/ },
  );
  await assert.rejects(
    wrong['for']!({ end: 5, step: 0 }, () => 0),
    { name: 'RangeError', message: /step/ },
  );
  await assert.rejects(
    wrong['for']!(1.5, () => 0),
    { name: 'RangeError', message: /1\.5/ },
  );
  async function* later() {
    yield 1;
  }
  await assert.rejects(
    wrong['filter']!(later(), () => true),
    { name: 'TypeError', message: /async iterable/ },
  );
  assert.throws(() => pool.resize(0), RangeError);
  assert.throws(() => pool.resize('2' as never), TypeError);
});

test(
  'with() gives call options to submit and defaults to the rest; a call can change them',
  limit,
  async () => {
    const { pool, backend } = openFake({ auto: 'fifo', executor: { graceMs: 70 } });
    const view = pool.with({ timeoutMs: 500, priority: 3, name: 'job' });
    await view.submit((x: number) => x, 1);
    await view.map([1], (x) => x, { priority: 9 });
    await pool.submit(function own() {});
    const seen = backend.sent.map(({ timeoutMs, priority, name, graceMs }) => [
      timeoutMs,
      priority,
      name,
      graceMs,
    ]);
    assert.deepEqual(seen, [
      [500, 3, 'job', 70],
      [500, 9, 'job', 70],
      [undefined, 0, 'own', 70],
    ]);
    await view.close();
    assert.equal(pool.closed, true);
  },
);

test('calls draw different seeds, the same ones in every run', limit, async () => {
  const seeds = async (options: { seed?: number }) => {
    const { pool, backend } = openFake({ auto: 'fifo', executor: options });
    for (let n = 0; n < 20; n++) await pool.submit(() => n);
    return backend.sent.map((chunk) => chunk.seed);
  };
  const first = await seeds({ seed: 1 });
  assert.deepEqual(await seeds({ seed: 1 }), first);
  assert.equal(
    new Set([...first, ...(await seeds({ seed: 2 })), ...(await seeds({ seed: 2 ** 40 + 1 }))]).size,
    60,
  );
  assert.notDeepEqual(await seeds({}), await seeds({}));
  const { pool, backend } = openFake({ auto: 'fifo' });
  await pool.map([1, 2], (x) => x, { seed: 99 });
  assert.deepEqual(new Set(backend.sent.map((chunk) => chunk.seed)), new Set([99]));
});
