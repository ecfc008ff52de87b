/** `for` and `broadcast`. */
import assert from 'node:assert/strict';
import { context } from 'tutti';
import { rejection, upTo, type Subject } from './subject.ts';

export function loopTests({ shared, test, pool, open, claims }: Subject): void {
  test(
    'for() runs the body once for every index',
    async () => {
      for (const n of [0, 1, 2, 100, 30_000]) {
        const runs = shared(Int32Array, n + 1);
        await pool().for(n, (i) => {
          Atomics.add(runs, i, 1);
        });
        assert.ok(runs.subarray(0, n).every((count) => count === 1));
        assert.equal(runs[n], 0);
      }
    },
    'sharedArrays',
  );

  test(
    'for() fills shared arrays',
    async () => {
      const a = shared(Float64Array, upTo(10_000));
      const out = shared(Float64Array, a.length);
      const scale = 3;
      await pool().for(a.length, (i) => {
        out[i] = (a[i] as number) * scale;
      });
      assert.deepEqual(
        Array.from(out),
        Array.from(a, (x) => x * scale),
      );
    },
    'sharedArrays',
  );

  test(
    'for() counts the same where the body only computes',
    async () => {
      const most = Number.MAX_SAFE_INTEGER;
      const ranges = [
        { start: 5, end: 5000, step: 7 },
        { start: 5000, end: -5, step: -3 },
        { start: most - 4000, end: most },
        { start: most - 4001, end: most, step: 2 },
        { start: -most, end: -most + 3000, step: 999 },
      ];
      for (const { start, end, step = 1 } of ranges) {
        const out = shared(Float64Array, 5000);
        await pool().for({ start, end, step }, (i) => {
          const k = (i - start) / step;
          out[k] = (out[k] as number) + i;
        });
        const expected = new Float64Array(5000);
        for (let i = start, k = 0; step > 0 ? i < end : i > end; i += step, k++) expected[k] = i;
        assert.deepEqual(Array.from(out), Array.from(expected), JSON.stringify({ start, end, step }));
      }
    },
    'sharedArrays',
  );

  test('for() tells onProgress how far it is, up to the end', async () => {
    const heard: number[] = [];
    await pool().for(
      200,
      () => {
        const end = performance.now() + 1;
        while (performance.now() < end);
      },
      { onProgress: ({ completed, total }) => (assert.equal(total, 200), heard.push(completed)) },
    );
    assert.equal(heard.at(-1), 200);
    assert.ok(
      heard.every((count, i) => i === 0 || count > (heard[i - 1] as number)),
      String(heard),
    );
  });

  test(
    'for() counts by start, end and step, downwards too',
    async () => {
      const visited = async (range: { start?: number; end: number; step?: number }): Promise<number[]> => {
        const seen = shared(Int32Array, 64);
        await pool().for(range, (i) => {
          Atomics.add(seen, i + 32, 1);
        });
        assert.ok(seen.every((count) => count <= 1));
        return upTo(64)
          .filter((k) => seen[k] === 1)
          .map((k) => k - 32);
      };
      assert.deepEqual(await visited({ end: 3 }), [0, 1, 2]);
      assert.deepEqual(await visited({ start: -2, end: 2 }), [-2, -1, 0, 1]);
      assert.deepEqual(await visited({ start: 1, end: 10, step: 4 }), [1, 5, 9]);
      assert.deepEqual(await visited({ start: 5, end: -5, step: -3 }), [-4, -1, 2, 5]);
      assert.deepEqual(await visited({ start: 5, end: 5 }), []);
      assert.deepEqual(await visited({ start: 5, end: 1 }), []);
    },
    'sharedArrays',
  );

  test(
    'for() takes any grain',
    async () => {
      for (const grain of [1, 7, 1_000_000]) {
        const runs = shared(Int32Array, 1000);
        await pool().for(1000, (i) => void Atomics.add(runs, i, 1), { grain });
        assert.ok(runs.every((count) => count === 1));
      }
    },
    'sharedArrays',
  );

  test(
    'for() awaits asynchronous bodies',
    async () => {
      const runs = shared(Int32Array, 50);
      await pool().for(50, async (i) => {
        await Promise.resolve();
        Atomics.add(runs, i, 1);
      });
      assert.ok(runs.every((count) => count === 1));
    },
    'sharedArrays',
  );

  test(
    'for() rejects with the error of its body and stops',
    async () => {
      const runs = shared(Int32Array, 1);
      const error = await rejection(
        pool().for(1_000_000_000, (i) => {
          Atomics.add(runs, 0, 1);
          if (i === 1000) throw new RangeError('thousand');
        }),
      );
      assert.ok(error instanceof RangeError);
      assert.equal(error.message, 'thousand');
      await pool().broadcast(() => 0);
      const ran = runs[0];
      await pool().broadcast(() => 0);
      assert.equal(runs[0], ran, 'nothing runs on after the failure');
    },
    'sharedArrays',
  );

  test('for() refuses endless and broken ranges', async () => {
    const body = () => 0;
    assert.ok((await rejection(pool().for({ end: 5, step: 0 }, body))) instanceof RangeError);
    assert.ok((await rejection(pool().for(1.5, body))) instanceof RangeError);
    assert.ok((await rejection(pool().for('5' as never, body))) instanceof TypeError);
  });

  test('broadcast() runs once on every worker, in the order of their ids', async () => {
    const workers = claims.several ? 3 : 1;
    const one = open(claims.several ? { workers } : {});
    const ids = await one.broadcast((plus: number) => context().workerId + plus, 100);
    assert.equal(ids.length, workers);
    assert.equal(new Set(ids).size, workers);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
    assert.deepEqual(await one.broadcast((plus: number) => context().workerId + plus, 100), ids);
  });

  test(
    'broadcast() reaches workers that are busy',
    async () => {
      const one = open({ workers: 2 });
      const tasks = upTo(10).map((k) =>
        one.submit(async (x: number) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          return x;
        }, k),
      );
      assert.equal((await one.broadcast(() => 'here')).length, 2);
      assert.deepEqual(await Promise.all(tasks), upTo(10));
    },
    'several',
  );

  test('broadcast() rejects when one worker fails', async () => {
    const error = await rejection(
      pool().broadcast(() => {
        throw new RangeError('not here');
      }),
    );
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, 'not here');
  });
}
