/** How actors begin, are lost, are made again and end. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ActorDiedError, ExecutorClosedError, shared, WorkerCrashedError } from 'tutti';
import type { Subject } from '../conformance/subject.ts';

class Fragile {
  calls = 0;
  readonly start: { n: number };
  constructor(start: { n: number } = { n: 0 }) {
    this.start = start;
  }
  count(): number {
    return ++this.calls;
  }
  begun(): number {
    return this.start.n;
  }
  async slow(ms: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ++this.calls;
  }
  exit(): void {
    process.exit(3);
  }
  async exitLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.exit(4);
  }
  uncaught(): void {
    setTimeout(() => {
      throw new RangeError('stray');
    });
  }
  spin(): void {
    for (;;);
  }
  async stuck(): Promise<void> {
    await undefined;
    for (;;);
  }
  async deaf(): Promise<void> {
    await new Promise(() => undefined);
  }
}

class Throws {
  constructor() {
    throw new RangeError('no object');
  }
  never(): void {
    // Never called.
  }
}

class Exits {
  constructor() {
    process.exit(5);
  }
  never(): void {
    // Never called.
  }
}

/** Dies in its constructor from the second time on: `shared` words outlive it. */
class Doomed {
  constructor(made: Int32Array) {
    if (Atomics.add(made, 0, 1) > 0) process.exit(6);
  }
  exit(): void {
    process.exit(6);
  }
}

class Holds {
  readonly #ends: Int32Array;
  constructor(ends: Int32Array) {
    this.#ends = ends;
  }
  touch(): number {
    return Atomics.load(this.#ends, 0);
  }
  async slow(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    Atomics.add(this.#ends, 1, 1);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await undefined;
    Atomics.add(this.#ends, 0, 1);
  }
}

class Grumbles {
  touch(): void {
    // Nothing to do.
  }
  [Symbol.dispose](): void {
    throw new RangeError('I will not go');
  }
}

function reasonOf(end: PromiseSettledResult<unknown>): unknown {
  return end.status === 'rejected' ? end.reason : undefined;
}

export function lifeSuite(s: Subject): void {
  // Where only messages say what a worker does, the one part that it was sent is to blame for its end, begun or not.
  const exact = s.name !== 'processes by message';

  s.test('what the constructor throws rejects actor(), and leaves nothing', async () => {
    const pool = s.open({ workers: 1 });
    await assert.rejects(pool.actor({ name: 'throws', restarts: 5 }, Throws), /no object/);
    const again = await pool.actor({ name: 'throws' }, Fragile);
    assert.equal(await again.count(), 1);
  });

  s.test('dispose() lets calls end, runs the disposal of the object, and refuses later calls', async () => {
    const ends = s.shared(Int32Array, 2);
    const holds = await s.pool().actor(Holds, ends);
    const slow = holds.slow(10);
    const disposed = holds.dispose();
    await assert.rejects(holds.touch(), ActorDiedError);
    await slow;
    await disposed;
    assert.deepEqual([...ends], [1, 1]);
    await assert.rejects(holds.touch(), ActorDiedError);
    await assert.rejects(holds.get('x' as never), ActorDiedError);
    {
      await using held = await s.pool().actor(Holds, ends);
      await held.touch();
    }
    assert.equal(ends[0], 2);
  });

  s.test('dispose() rejects with what the disposal of the object throws; the actor is gone', async () => {
    const grumbles = await s.pool().actor({ name: 'grumbles' }, Grumbles);
    await assert.rejects(grumbles.dispose(), /I will not go/);
    await assert.rejects(grumbles.touch(), ActorDiedError);
    await (await s.pool().actor({ name: 'grumbles' }, Fragile)).dispose();
  });

  s.test('kill() ends it at once: calls under way reject, and its own disposal does not run', async () => {
    const ends = s.shared(Int32Array, 2);
    const pool = s.open({ workers: 1 });
    const neighbour = await pool.actor(Fragile);
    const holds = await pool.actor(Holds, ends);
    const under = Promise.allSettled([holds.slow(700), holds.touch()]);
    await sleep(5);
    await holds.kill();
    for (const end of await under) assert.ok(reasonOf(end) instanceof ActorDiedError);
    await assert.rejects(holds.touch(), /killed/);
    assert.equal(await neighbour.count(), 1);
    await neighbour.kill();
    assert.deepEqual([...ends], [0, 0]);
  });

  s.test('a signal kills the actor', async () => {
    const controller = new AbortController();
    const fragile = await s.pool().actor({ signal: controller.signal }, Fragile);
    assert.equal(await fragile.count(), 1);
    const reason = new RangeError('enough');
    const slow = fragile.slow(700);
    controller.abort(reason);
    const error = await slow.catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ActorDiedError);
    assert.equal(error.cause, reason);
    await assert.rejects(s.pool().actor({ signal: controller.signal }, Fragile), reason);
  });

  s.test('close() waits for calls, disposes of the actors and refuses new ones', async () => {
    const ends = s.shared(Int32Array, 2);
    const pool = s.open({ workers: 2 });
    const actors = await Promise.all([
      pool.actor(Holds, ends),
      pool.actor(Holds, ends),
      pool.actor(Holds, ends),
    ]);
    const slow = actors.map((actor) => actor.slow(10));
    await pool.close();
    assert.deepEqual([...ends], [3, 3]);
    await Promise.all(slow);
    await assert.rejects(pool.actor(Holds, ends), ExecutorClosedError);
    await assert.rejects(actors[0].touch(), ActorDiedError);
  });

  s.test('terminate() ends actors now; calls under way reject with ExecutorClosedError', async () => {
    const pool = s.open({ workers: 1 });
    const fragile = await pool.actor(Fragile);
    const under = Promise.allSettled([fragile.deaf(), fragile.count()]);
    await sleep(5);
    await pool.terminate();
    for (const end of await under) assert.ok(reasonOf(end) instanceof ExecutorClosedError);
    await assert.rejects(fragile.count(), ActorDiedError);
  });

  s.test('terminate() while an actor is made rejects actor()', async () => {
    const pool = s.open({ workers: 1 });
    const made = pool.actor(Fragile);
    const outcome = made.then(
      () => 'made',
      (error: unknown) => error,
    );
    await pool.terminate();
    const error = await outcome;
    assert.ok(error === 'made' || error instanceof ExecutorClosedError, String(error));
  });

  const dies = (title: string, body: () => Promise<void>): void => s.test(title, body, 'killable');

  for (const method of ['exit', 'exitLater', 'uncaught'] as const) {
    for (const restarts of [0, 1, Infinity]) {
      dies(`after ${method}() with restarts: ${restarts}, calls are lost, go on or are refused`, async () => {
        const pool = s.open({ workers: 1 });
        const told: unknown[] = [];
        const fragile = await pool.actor(
          {
            name: 'frail',
            restarts,
            onRestart: (times, cause) => void told.push(times, cause),
            onDeath: (error) => void told.push(error),
          },
          Fragile,
          { n: 7 },
        );
        const before = fragile.count();
        const fatal = fragile[method]();
        const after = Promise.allSettled([fragile.count(), fragile.begun()]);
        assert.equal(await before, 1);
        // What it had begun may have ended before an error that goes astray.
        if (method === 'uncaught') await Promise.allSettled([fatal, after]);
        else {
          const error = await fatal.catch((reason: unknown) => reason);
          assert.ok(error instanceof ActorDiedError, String(error));
          assert.equal(error.code, 'ERR_TUTTI_ACTOR_DIED');
          assert.equal(error.actor, 'frail');
          assert.ok(error.cause instanceof WorkerCrashedError, String(error.cause));
          const ends = await after;
          if (restarts === 0) for (const end of ends) assert.ok(reasonOf(end) instanceof ActorDiedError);
          else if (exact)
            assert.deepEqual(ends, [
              { status: 'fulfilled', value: 1 },
              { status: 'fulfilled', value: 7 },
            ]);
        }
        for (let look = 0; look < 1000 && told.length === 0; look++) await sleep(5);
        if (restarts > 0) assert.equal(await fragile.begun(), 7);
        const state = await fragile.state();
        if (restarts > 0) {
          assert.deepEqual([state.status, state.restarts, told[0]], ['alive', 1, 1]);
          assert.ok(told[1] instanceof WorkerCrashedError);
        } else {
          assert.equal(state.status, 'dead');
          assert.ok(told[0] instanceof ActorDiedError);
          await assert.rejects(fragile.begun(), ActorDiedError);
          assert.equal(await (await pool.actor({ name: 'frail' }, Fragile)).count(), 1);
        }
      });
    }
  }

  dies('after the last restart everything rejects', async () => {
    const pool = s.open({ workers: 1 });
    const fragile = await pool.actor({ restarts: 2 }, Fragile);
    for (let n = 0; n < 3; n++) await assert.rejects(fragile.exit(), ActorDiedError);
    await assert.rejects(fragile.count(), ActorDiedError);
    assert.deepEqual(await fragile.state(), { status: 'dead', restarts: 2, calls: 0 });
  });

  dies('calls that wait at the worker for an asynchronous one go on after a restart, in order', async () => {
    const pool = s.open({ workers: 1 });
    const fragile = await pool.actor({ restarts: 1 }, Fragile);
    const fatal = fragile.exitLater();
    const waiting = Array.from({ length: 30 }, () => fragile.count());
    await assert.rejects(fatal, ActorDiedError);
    // Made while those before them are still on their way back.
    waiting.push(...Array.from({ length: 5 }, () => fragile.count()));
    const ends = await Promise.allSettled(waiting);
    const values = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    assert.ok(values.length >= (exact ? 35 : 34), String(values));
    assert.deepEqual(
      values,
      values.map((_, n) => n + 1),
    );
  });

  dies(
    'calls that were sent to a worker that died go on before those that were made after its death',
    async () => {
      const pool = s.open({ workers: 1 });
      const fragile = await pool.actor({ restarts: 1 }, Fragile);
      const fatal = fragile.exit();
      const sent = Array.from({ length: 20 }, () => fragile.count());
      const later = fatal.catch(() => Promise.all(Array.from({ length: 5 }, () => fragile.count())));
      assert.deepEqual(
        [await Promise.all(sent), await later],
        [Array.from({ length: 20 }, (_, n) => n + 1), [21, 22, 23, 24, 25]],
      );
    },
  );

  dies('a worker that is lost in the constructor rejects actor(), whatever `restarts` says', async () => {
    const pool = s.open({ workers: 1 });
    const error = await pool.actor({ restarts: Infinity }, Exits).catch((reason: unknown) => reason);
    assert.ok(error instanceof ActorDiedError, String(error));
    assert.ok(error.cause instanceof WorkerCrashedError);
    assert.equal(await pool.submit(() => 'works'), 'works');
  });

  dies('an actor whose constructor goes on to lose its worker is given up', async () => {
    const pool = s.open({ workers: 1 });
    const doomed = await pool.actor({ restarts: Infinity }, Doomed, s.shared(Int32Array, 1));
    await assert.rejects(doomed.exit(), ActorDiedError);
    await assert.rejects(doomed.exit(), ActorDiedError);
    assert.equal((await doomed.state()).status, 'dead');
  });

  dies('actors that share a worker are lost together, each by its own policy', async () => {
    const pool = s.open({ workers: 1 });
    const one = await pool.actor(Fragile);
    const other = await pool.actor({ restarts: 1 }, Fragile);
    assert.deepEqual([await one.count(), await other.count()], [1, 1]);
    await assert.rejects(one.exit(), ActorDiedError);
    assert.equal(await other.count(), 1);
    await assert.rejects(one.count(), ActorDiedError);
  });

  dies('a loop behind an await that does not stop costs the worker as well', async () => {
    const pool = s.open({ workers: 1, graceMs: 20 });
    const fragile = await pool.actor({ restarts: 2 }, Fragile);
    assert.equal(await fragile.count(), 1);
    for (const method of ['stuck', 'deaf'] as const) {
      const call = fragile[method]();
      await sleep(50);
      call.cancel(new RangeError('enough'));
      await assert.rejects(call, /enough/);
      const next = fragile.count();
      // What was sent to the worker meanwhile may have begun there: it is not run again.
      const again = (error: unknown): Promise<number> => {
        assert.ok(!exact && error instanceof ActorDiedError, String(error));
        return fragile.count();
      };
      assert.equal(await next.catch(again), 1);
    }
    assert.equal((await fragile.state()).restarts, 2);
  });

  dies('kill() and dispose() of an actor that does not stop', async () => {
    const pool = s.open({ workers: 1, graceMs: 20 });
    const fragile = await pool.actor(Fragile);
    const spin = fragile.spin();
    const disposed = fragile.dispose();
    await sleep(30);
    await fragile.kill();
    await assert.rejects(spin, ActorDiedError);
    await disposed;
    assert.equal(await (await pool.actor(Fragile)).count(), 1);
  });

  dies('tasks and actors do not wait for each other', async () => {
    const pool = s.open({ workers: 1 });
    const gate = shared(Int32Array, 1, { across: 'processes' });
    const task = pool.submit((words: Int32Array) => {
      while (Atomics.load(words, 0) === 0);
      return 'opened';
    }, gate);
    const fragile = await pool.actor(Fragile);
    assert.equal(await fragile.count(), 1);
    Atomics.store(gate, 0, 1);
    assert.equal(await task, 'opened');
    pool.resize(2);
    pool.resize(1);
    assert.equal(await fragile.count(), 2);
  });
}
