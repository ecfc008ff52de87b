/** Handles of actors in other places: in tasks, in other actors, in pools of pools, by name. */
import assert from 'node:assert/strict';
import { ActorDiedError, ActorNameError, getActor, serial, threads, type Actor } from 'tutti';
import type { Subject } from '../conformance/subject.ts';

class Tally {
  total = 0;
  add(n: number): number {
    return (this.total += n);
  }
  async addLater(n: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return (this.total += n);
  }
  *upTo(n: number): Generator<number> {
    for (let k = 1; k <= n; k++) yield k;
  }
  apply<R>(fn: (total: number) => R): R {
    return fn(this.total);
  }
  async deaf(): Promise<void> {
    await new Promise(() => undefined);
  }
  fail(): never {
    throw new RangeError('failed there');
  }
  exit(): void {
    process.exit(9);
  }
}

class Boss {
  readonly #tally: Actor<Tally>;
  constructor(tally: Actor<Tally>) {
    this.#tally = tally;
  }
  async order(n: number): Promise<number> {
    return (await this.#tally.add(n)) + (await this.#tally.addLater(n));
  }
  tally(): Actor<Tally> {
    return this.#tally;
  }
}

export function handleSuite(s: Subject): void {
  s.test('a handle works as an argument, a captured variable, in objects and as a result', async () => {
    const pool = s.pool();
    const tally = await pool.actor(Tally);
    assert.equal(await pool.submit((t: Actor<Tally>) => t.add(1), tally), 1);
    assert.equal(await pool.submit(() => tally.addLater(1)), 2);
    const inside = { deep: [tally] };
    const sums = await pool.map([10, 100], (n) => inside.deep[0]?.add(n) as unknown as number);
    assert.equal(Math.max(...sums), 112);
    const back = await pool.submit((t: Actor<Tally>) => ({ t }), tally);
    assert.equal(await back.t.add(0), 112);
    assert.equal(await back.t.get('total'), 112);
    await tally.dispose();
    await assert.rejects(back.t.add(1), ActorDiedError);
  });

  s.test('from a task: values, errors, functions, streams, state, timeouts and cancellation', async () => {
    const pool = s.pool();
    const tally = await pool.actor(Tally);
    const found = await pool.submit(async (t: Actor<Tally>) => {
      const factor = 2;
      const read: number[] = [];
      for await (const n of t.upTo(40)) read.push(n);
      const part: number[] = [];
      for await (const n of t.upTo(1e9)) if (part.push(n) === 3) break;
      const late = await t
        .with({ timeoutMs: 10, graceMs: 0 })
        .add(1)
        .catch(() => -1);
      const failed = await t.fail().catch((error: unknown) => (error as Error).message);
      const { status } = await t.state();
      return { sum: read.length, part, late, failed, status, applied: await t.apply((n) => n * factor) };
    }, tally);
    assert.deepEqual(found, {
      sum: 40,
      part: [1, 2, 3],
      late: 1,
      failed: 'failed there',
      status: 'alive',
      applied: 2,
    });
    const outcome = await pool.submit(async (t: Actor<Tally>) => {
      const controller = new AbortController();
      const call = t.with({ signal: controller.signal, graceMs: 10_000 }).addLater(5);
      controller.abort(new RangeError('changed my mind'));
      return call.catch((error: unknown) => (error as Error).message);
    }, tally);
    assert.equal(outcome, 'changed my mind');
    await tally.dispose();
  });

  s.test('calls of one task come in their order', async () => {
    const pool = s.pool();
    const tally = await pool.actor(Tally);
    const values = await pool.submit(
      (t: Actor<Tally>) =>
        Promise.all(Array.from({ length: 200 }, (_, n) => (n % 9 ? t.add(1) : t.addLater(1)))),
      tally,
    );
    assert.deepEqual(
      values,
      Array.from({ length: 200 }, (_, n) => n + 1),
    );
    await tally.dispose();
  });

  s.test('actors call actors, on any worker, and hand handles on', async () => {
    const pool = s.open({ workers: 2 });
    const tally = await pool.actor(Tally);
    const bosses = await Promise.all([
      pool.actor(Boss, tally),
      pool.actor(Boss, tally),
      pool.actor(Boss, tally),
    ]);
    await Promise.all(bosses.map((boss) => boss.order(1)));
    assert.equal(await tally.get('total'), 6);
    const again = await bosses[2].tally();
    assert.equal(await again.add(1), 7);
    const chief = await pool.actor({ maxConcurrency: 2 }, Boss, again);
    assert.equal(await chief.order(1), 8 + 9);
  });

  s.test('names: found here and in tasks while the actor lives, and unique', async () => {
    const pool = s.open({ workers: 1 });
    const tally = await pool.actor({ name: 'tally' }, Tally);
    await assert.rejects(pool.actor({ name: 'tally' }, Tally), ActorNameError);
    assert.equal(await (await pool.getActor<Tally>('tally')).add(1), 1);
    assert.equal(await (await getActor<Tally>('tally')).add(1), 2);
    const inTask = pool.submit(async () => (await getActor<Tally>('tally')).add(1));
    assert.equal(await inTask, 3);
    const missing = await pool
      .submit(async () => getActor<Tally>('nobody').then(() => 'found'))
      .catch((error: unknown) => error);
    assert.ok(missing instanceof ActorNameError, String(missing));
    await assert.rejects(s.pool().getActor('tally'), ActorNameError);
    await tally.dispose();
    await assert.rejects(pool.getActor('tally'), ActorNameError);
    await assert.rejects(getActor('tally'), ActorNameError);
  });

  s.test('handles go down into pools of pools and up again', async () => {
    const pool = s.open({ workers: 1 });
    const tally = await pool.actor({ name: 'above' }, Tally);
    const sum = await pool.submit(async (t: Actor<Tally>) => {
      await using inner = threads({ workers: 1 });
      await inner.submit((u: Actor<Tally>) => u.add(1), t);
      await inner.submit(async () => (await getActor<Tally>('above')).add(10));
      await using here = serial();
      await here.submit((u: Actor<Tally>) => u.add(100), t);
      return t.get('total');
    }, tally);
    assert.equal(sum, 111);
    await tally.dispose();
  });

  s.test(
    'an actor that a task has made is called from above, and is lost with the task’s worker',
    async () => {
      const pool = s.open({ workers: 2 });
      const made = await pool.submit(async () => {
        const inner = threads({ workers: 1 });
        return { tally: await inner.actor(Tally), beside: await serial().actor(Tally) };
      });
      assert.equal(await made.tally.add(2), 2);
      assert.equal(await made.beside.addLater(3), 3);
      assert.equal(await pool.submit((t: Actor<Tally>) => t.add(2), made.tally), 4);
      const read: number[] = [];
      for await (const n of made.tally.upTo(50)) read.push(n);
      assert.equal(read.length, 50);
      const waiting = made.tally.deaf();
      await pool.terminate();
      await assert.rejects(waiting, ActorDiedError);
      await assert.rejects(made.tally.add(1), ActorDiedError);
    },
    'killable',
  );

  s.test(
    'a blocking call of a task that calls an actor does not wait for ever',
    async () => {
      const pool = s.open({ workers: 1 });
      const tally = await pool.actor(Tally);
      assert.equal(
        pool.submitSync((t: Actor<Tally>) => t.add(1), tally),
        1,
      );
      assert.equal(
        pool.submitSync((t: Actor<Tally>) => t.addLater(1), tally),
        2,
      );
      await tally.dispose();
    },
    'killable',
  );

  s.test(
    'a task that is lost takes its calls along, and its streams',
    async () => {
      const pool = s.open({ workers: 1, graceMs: 20 });
      const tally = await pool.actor({ maxConcurrency: 5 }, Tally);
      const lost = pool.submit(async (t: Actor<Tally>) => {
        const stream = t.upTo(1e9);
        await stream.next();
        setTimeout(() => process.exit(1), 20);
        await t.addLater(1);
        await new Promise(() => undefined);
      }, tally);
      await assert.rejects(lost, /exited with code 1/);
      assert.equal(await tally.get('total'), 1);
      for (let look = 0; look < 200 && (await tally.state()).calls > 0; look++)
        await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal((await tally.state()).calls, 0);
      await tally.dispose();
    },
    'killable',
  );
}
