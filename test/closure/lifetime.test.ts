import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threads, type Executor } from 'tutti';
import { assertNoLeaks } from '../leaks.js';

after(assertNoLeaks);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Asserts that all of this is garbage soon. */
async function assertCollected(refs: readonly WeakRef<object>[]): Promise<void> {
  let left = refs.length;
  for (let i = 0; i < 40 && left > 0; i++) {
    // A turn of its own: what a weak reference has given lives until the end of the turn.
    await pause(5);
    collect();
    await pause(5);
    left = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  assert.equal(left, 0);
}

async function withPool(run: (pool: Executor) => Promise<void>): Promise<void> {
  const pool = threads({ workers: 1 });
  try {
    await run(pool);
  } finally {
    await pool.close();
  }
}

describe('what is sent is held no longer than its task', { timeout: 60_000 }, () => {
  test('captured data', () =>
    withPool(async (pool) => {
      const refs: WeakRef<object>[] = [];
      const one = async (n: number): Promise<number> => {
        const data = { big: new Float64Array(1000).fill(n) };
        refs.push(new WeakRef(data));
        const helper = (): number => data.big[0]!;
        return pool.submit(() => helper() + data.big[1]!);
      };
      for (let n = 0; n < 5; n++) assert.equal(await one(n), 2 * n);
      await assertCollected(refs);
    }));

  test('arguments with functions, and a class', () =>
    withPool(async (pool) => {
      const refs: WeakRef<object>[] = [];
      const one = async (n: number): Promise<number> => {
        const data = { big: new Float64Array(1000).fill(n) };
        class Reader {
          read(): number {
            return data.big[0]!;
          }
        }
        refs.push(new WeakRef(data), new WeakRef(Reader));
        return pool.submit(
          (reader: Reader, f: () => number) => reader.read() + f(),
          new Reader(),
          () => n,
        );
      };
      for (let n = 0; n < 5; n++) assert.equal(await one(n), 2 * n);
      await assertCollected(refs);
    }));

  test('in a worker: functions, and classes that reach much data', () =>
    withPool(async (pool) => {
      await pool.submit(() => {
        (globalThis as { refs?: WeakRef<object>[] }).refs = [];
      });
      const one = async (n: number): Promise<void> => {
        const data = { big: new Float64Array(20_000).fill(n) };
        class Reader {
          static data(): object {
            return data;
          }
        }
        await pool.submit(() => {
          (globalThis as { refs?: WeakRef<object>[] }).refs!.push(new WeakRef(data));
        });
        await pool.submit(() => {
          (globalThis as { refs?: WeakRef<object>[] }).refs!.push(new WeakRef(Reader.data()));
        });
      };
      for (let n = 0; n < 8; n++) await one(n);
      // The engine lets go of what it can between the turns of the event loop.
      const left = await pool.submit(async () => {
        const { setFlagsFromString: set } = await import('node:v8');
        const { runInNewContext: run } = await import('node:vm');
        set('--expose-gc');
        const gc = run('gc') as () => void;
        const { refs } = globalThis as unknown as { refs: WeakRef<object>[] };
        for (let i = 0; i < 10; i++) {
          gc();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return refs.filter((ref) => ref.deref() !== undefined).length;
      });
      assert.ok(left <= 5, `${left} of 16`);
    }));

  test('a reply finds a function that the program has let go meanwhile', () =>
    withPool(async (pool) => {
      let handler: (() => string) | undefined = () => 'here';
      const box: { handler?: typeof handler } = { handler };
      const captured = pool.submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        return handler!;
      });
      const given = pool.submit(async (one: typeof box) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        return one.handler!;
      }, box);
      await pause(20);
      handler = undefined;
      delete box.handler;
      for (let i = 0; i < 5; i++) {
        collect();
        await pause(5);
      }
      assert.equal((await captured)(), 'here');
      assert.equal((await given)(), 'here');
    }));
});
