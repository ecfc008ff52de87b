/** One small call after the other: fast, and not at the cost of anybody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { threads } from 'tutti';

const timeout = 30_000;
const next = (x: number): number => x + 1;

test('a row of calls leaves timers and immediates of the caller their turn', { timeout }, async () => {
  await using pool = threads({ workers: 2 });
  await pool.submit(next, 0);
  let ticks = 0;
  let immediates = 0;
  const timer = setInterval(() => ticks++, 1);
  const count = (): void => {
    immediates++;
    chain = setImmediate(count);
  };
  let chain = setImmediate(count);
  const end = performance.now() + 300;
  let calls = 0;
  while (performance.now() < end) assert.equal(await pool.submit(next, calls), ++calls);
  clearInterval(timer);
  clearImmediate(chain);
  assert.ok(ticks >= 10, `${ticks} ticks beside ${calls} calls`);
  assert.ok(immediates >= 10, `${immediates} immediates beside ${calls} calls`);
});

test('a row of calls leaves timers of the worker their turn', { timeout }, async () => {
  await using pool = threads({ workers: 1 });
  await pool.submit(() => {
    const seen = globalThis as { ticks?: number };
    seen.ticks = 0;
    setInterval(() => seen.ticks!++, 1).unref();
  });
  const end = performance.now() + 300;
  for (let calls = 0; performance.now() < end;) assert.equal(await pool.submit(next, calls), ++calls);
  const ticks = await pool.submit(() => (globalThis as { ticks?: number }).ticks as number);
  assert.ok(ticks >= 5, `${ticks} ticks`);
});

test('nobody spins after a row, nor beside a call that takes long', { timeout }, async () => {
  await using pool = threads({ workers: 2 });
  const row = async (): Promise<void> => {
    for (let calls = 0; calls < 2000;) assert.equal(await pool.submit(next, calls), ++calls);
  };
  await row();
  await row();
  const before = process.cpuUsage();
  await sleep(400);
  await pool.submit(async () => new Promise<void>((resolve) => setTimeout(resolve, 400)));
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 150_000, `${(user + system) / 1000} ms of CPU time in 800 ms of rest`);
});

test('a row of blocking calls, and one that throws in its midst', { timeout }, async () => {
  await using pool = threads({ workers: 2 });
  const half = (x: number): number => {
    if (x % 2 === 1) throw new RangeError(`odd: ${x}`);
    return x / 2;
  };
  for (let x = 0; x < 400; x++) {
    if (x % 2 === 0) assert.equal(pool.submitSync(half, x), x / 2);
    else assert.throws(() => pool.submitSync(half, x), { name: 'RangeError', message: `odd: ${x}` });
  }
});
