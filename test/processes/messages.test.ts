import assert from 'node:assert/strict';
import { after } from 'node:test';
import { upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { inBothModes } from './modes.ts';

after(assertNoLeaks);

const MB = 2 ** 20;

inBothModes('50 MB go both ways at the same time', async ({ open }) => {
  const pool = open({ workers: 2 });
  const big = new Uint8Array(50 * MB);
  big[5] = 7;
  const results = await Promise.all([
    pool.submit((bytes: Uint8Array) => bytes, big),
    pool.submit((bytes: Uint8Array) => {
      bytes[4] = 8;
      return bytes;
    }, big),
  ]);
  assert.deepEqual(
    results.map((bytes) => [bytes.length, bytes[4], bytes[5]]),
    [
      [50 * MB, 0, 7],
      [50 * MB, 8, 7],
    ],
  );
  await pool.close();
});

inBothModes('20 MB go both ways while the caller blocks', async ({ open }) => {
  const pool = open({ workers: 1 });
  const big = new Uint8Array(20 * MB).fill(3);
  assert.equal(
    pool.submitSync((bytes: Uint8Array) => bytes.length, big),
    20 * MB,
  );
  const back = pool.submitSync((bytes: Uint8Array) => bytes, big);
  assert.equal(back.length, 20 * MB);
  assert.equal(back.at(-1), 3);
  const strings = pool.mapSync(upTo(8), (k) => 'ä'.repeat(1_000_000) + k);
  assert.deepEqual(
    strings.map((text, k) => text.length === 1_000_001 && text.endsWith(String(k))),
    upTo(8).map(() => true),
  );
  await pool.close();
});

inBothModes('large and many small messages keep apart', async ({ open }) => {
  const pool = open({ workers: 2 });
  const tasks = upTo(400).map((k) =>
    k % 40 === 0
      ? pool.submit(
          (bytes: Float64Array) => bytes.length + (bytes[0] as number),
          new Float64Array(MB / 4).fill(k),
        )
      : k % 7 === 0
        ? pool
            .submit((x: number) => ({ x, text: 'x'.repeat(70_000 + x) }), k)
            .then(({ x, text }) => x + text.length)
        : pool.submit((x: number) => x, k),
  );
  const expected = upTo(400).map((k) => (k % 40 === 0 ? MB / 4 + k : k % 7 === 0 ? 70_000 + 2 * k : k));
  assert.deepEqual(await Promise.all(tasks), expected);
  await pool.close();
});

inBothModes('a result of many megabytes does not wait for the task after it', async ({ open }) => {
  const pool = open({ workers: 1, graceMs: 0 });
  await pool.submit(() => 0);
  const large = pool.submit(() => new Uint8Array(30 * MB));
  const endless = pool.submit(() => {
    for (;;);
  });
  endless.catch(() => undefined);
  assert.equal((await large).length, 30 * MB);
  endless.cancel();
  await pool.close();
});

inBothModes('a worker that reads late, and a caller that does, lose nothing', async ({ open }) => {
  const pool = open({ workers: 1 });
  const busy = (ms: number): number => {
    for (const end = performance.now() + ms; performance.now() < end;);
    return ms;
  };
  const slow = pool.submit(busy, 200);
  const tasks = upTo(12).map((k) => pool.submit((bytes: Uint8Array) => bytes, new Uint8Array(MB).fill(k)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  busy(150);
  assert.equal(await slow, 200);
  const results = await Promise.all(tasks);
  busy(100);
  results.forEach((bytes, k) => assert.ok(bytes.length === MB && bytes[77] === k));
  await pool.close();
});

inBothModes(
  'memory that is sent may be changed as soon as the call has returned to the event loop',
  async ({ open }) => {
    const pool = open({ workers: 1 });
    const bytes = new Uint8Array(8 * MB).fill(1);
    const same = pool.submit((all: Uint8Array) => all.every((x) => x === 1), bytes);
    await pool.submit(() => 0);
    bytes.fill(9);
    assert.ok(await same);
    await pool.close();
  },
);
