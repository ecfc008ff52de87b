/** Calls to actors: what they return, in which order, how many at a time, and how they are stopped. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ActorDeadlockError,
  ActorDiedError,
  CaptureError,
  context,
  controls,
  TaskTimeoutError,
  type Actor,
} from 'tutti';
import type { Subject } from '../conformance/subject.ts';

const step = 10;

class Ledger {
  balance: number;
  readonly log: string[] = [];
  constructor(balance = 0) {
    this.balance = balance;
  }
  get double(): number {
    return this.balance * 2;
  }
  add(n: number): number {
    this.log.push(`add ${n}`);
    return (this.balance += n * this.#unit());
  }
  async addLater(n: number, ms: number): Promise<number> {
    this.log.push(`begin ${n}`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.log.push(`end ${n}`);
    return (this.balance += n);
  }
  #unit(): number {
    return 1;
  }
  fail(message: string): never {
    throw new RangeError(message);
  }
  async failLater(message: string): Promise<never> {
    await undefined;
    throw new RangeError(message);
  }
  apply<R>(fn: (balance: number) => R): R {
    return fn(this.balance);
  }
  echo<T>(value: T): T {
    return value;
  }
  async echoLater<T>(value: T): Promise<T> {
    await undefined;
    return value;
  }
  step(n: number): number {
    return n * step;
  }
}

class Savings extends Ledger {
  readonly rate = 3;
  interest = (): number => this.balance * this.rate;
  override add(n: number): number {
    return super.add(n) + 1;
  }
}

class Waiting {
  running = 0;
  most = 0;
  async work(ms: number): Promise<number> {
    this.most = Math.max(this.most, ++this.running);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.running--;
    return this.most;
  }
  async untilAborted(): Promise<string> {
    const { signal } = context();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return 'not seen';
  }
  spin(): void {
    for (;;);
  }
  politeSpin(): string {
    const { signal } = context();
    while (!signal.aborted);
    return 'stopped';
  }
  where(): { worker: number; task: number; random: number } {
    const { workerId, taskId, random } = context();
    return { worker: workerId, task: taskId, random: random() };
  }
  async whereLater(): Promise<{ worker: number; task: number }> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const { workerId, taskId } = context();
    return { worker: workerId, task: taskId };
  }
  // A promise without the word `async`: the context must hold beyond it, too.
  wherePromised(): Promise<number> {
    return new Promise((resolve) => setTimeout(() => resolve(context().taskId), 1));
  }
  report(): string {
    context().report(0.5);
    return 'done';
  }
  async reportLater(): Promise<string> {
    await undefined;
    context().report({ half: 0.5 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 'done';
  }
}

class Selfish {
  async twice(self: Actor<Selfish>, n: number): Promise<number> {
    return (await self.once(n)) * 2;
  }
  once(n: number): number {
    return n;
  }
  async through(other: Actor<Middle>, self: Actor<Selfish>): Promise<number> {
    return other.back(self);
  }
}

class Middle {
  async back(to: Actor<Selfish>): Promise<number> {
    return to.once(1);
  }
}

/** Asynchronous, and mostly for nothing that is not there already. */
class Soon {
  running = 0;
  most = 0;
  readonly begun: number[] = [];
  async hops(n: number, hops: number): Promise<readonly [n: number, task: number, most: number]> {
    this.begun.push(n);
    this.most = Math.max(this.most, ++this.running);
    for (let hop = 0; hop < hops; hop++) await undefined;
    if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    context().report(n);
    this.running--;
    return [n, context().taskId, this.most];
  }
  async fail(hops: number): Promise<never> {
    for (let hop = 0; hop < hops; hop++) await undefined;
    throw new RangeError(`after ${hops}`);
  }
  async count(n: number): Promise<IterableIterator<number>> {
    await undefined;
    return Array.from({ length: n }, (_, k) => k)[Symbol.iterator]();
  }
  async unreadable(): Promise<object> {
    return Object.defineProperty({}, Symbol.asyncIterator, {
      get: () => {
        throw new RangeError('not this one');
      },
    });
  }
  async calls(other: Actor<Soon>, hops: number): Promise<number> {
    for (let hop = 0; hop < hops; hop++) await undefined;
    return (await other.hops(1, 0))[0];
  }
}

export function callSuite(s: Subject): void {
  const { isolated, killable } = s.claims;

  s.test('an actor keeps its state between calls, and its methods give what they return', async () => {
    const ledger = await s.pool().actor(Ledger, 5);
    assert.equal(await ledger.add(2), 7);
    assert.equal(await ledger.addLater(3, 1), 10);
    assert.equal(await ledger.step(2), 20);
    assert.equal(await ledger.get('balance'), 10);
    assert.equal(await ledger.get('double'), 20);
    assert.deepEqual(await ledger.echo({ a: [1, new Map([['k', new Date(0)]])] }), {
      a: [1, new Map([['k', new Date(0)]])],
    });
    await ledger.dispose();
  });

  s.test(
    'inherited methods, functions in fields and private methods work; the handle is no promise',
    async () => {
      const savings = await s.pool().actor(Savings, 1);
      assert.equal(await savings.add(1), 3);
      assert.equal(await savings.interest(), 6);
      assert.equal((savings as { then?: unknown }).then, undefined);
      assert.equal(await Promise.resolve(savings), savings);
      const { add } = savings;
      assert.equal(await add(1), 4);
      await assert.rejects(savings.get('add' as 'balance'), /`add` of Savings is a method/);
      await savings.dispose();
    },
  );

  s.test('a class of the language is an actor, whose methods hide controls of the same names', async () => {
    const map = await s.pool().actor(Map<string, number>, [['a', 1]]);
    assert.equal(await map.get('a'), 1);
    assert.equal(await controls(map).get('size'), 1);
    await controls(map).dispose();
    await assert.rejects(Promise.resolve(map.get('a')), ActorDiedError);
    assert.throws(() => controls({} as never), TypeError);
  });

  s.test('errors of methods arrive as what they are, with the stack of the caller', async () => {
    const ledger = await s.pool().actor(Ledger);
    for (const call of [() => ledger.fail('now'), () => ledger.failLater('later')]) {
      const error = await call().catch((reason: unknown) => reason);
      assert.ok(error instanceof RangeError);
      assert.match(error.message, /now|later/);
      assert.match(error.stack ?? '', /at Ledger\.fail(?:Later)? \(task #\d+\)[\s\S]*called from/);
    }
    assert.equal(await ledger.add(1), 1);
    await ledger.dispose();
  });

  s.test('functions travel to methods and back as what they were', async () => {
    const ledger = await s.pool().actor(Ledger, 4);
    const factor = 3;
    const triple = (n: number): number => n * factor;
    assert.equal(await ledger.apply(triple), 12);
    assert.equal(await ledger.echo(triple), triple);
    assert.equal(await ledger.echoLater(triple), triple);
    await ledger.dispose();
  });

  s.test(
    'what cannot travel is refused by its place in the arguments, and the actor goes on',
    async () => {
      const ledger = await s.pool().actor(Ledger);
      const refused = await ledger.echo({ deep: new WeakMap() }).catch((reason: unknown) => reason);
      assert.ok(refused instanceof CaptureError);
      assert.equal(refused.path, 'args[0].deep');
      for (const call of [
        () => ledger.apply((): unknown => new WeakSet()),
        () => ledger.apply(async () => new WeakSet()),
      ])
        await assert.rejects(call(), CaptureError);
      assert.equal(await ledger.add(1), 1);
      await ledger.dispose();
    },
    'isolated',
  );

  s.test('wrong arguments of actor() reject', async () => {
    const pool = s.pool();
    await assert.rejects(pool.actor(1 as never, Ledger), TypeError);
    await assert.rejects(pool.actor({ maxConcurrency: 0 }, Ledger), RangeError);
    await assert.rejects(pool.actor({ restart: 1 } as never, Ledger), /did you mean `restarts`/);
    await assert.rejects(pool.actor({ restarts: -2 }, Ledger), RangeError);
    const ledger = await pool.actor({ restarts: Infinity, maxConcurrency: Infinity }, Ledger);
    assert.throws(() => ledger.with({ timeout: 1 } as never), TypeError);
    await ledger.dispose();
  });

  s.test('calls begin in their order, one at a time, also asynchronous ones', async () => {
    const ledger = await s.pool().actor(Ledger);
    const values = [
      ledger.add(1),
      ledger.addLater(10, 5),
      ledger.add(100),
      ledger.addLater(1000, 1),
      ledger.get('balance'),
    ];
    assert.deepEqual(await Promise.all(values), [1, 11, 111, 1111, 1111]);
    const expected = ['add 1', 'begin 10', 'end 10', 'add 100', 'begin 1000', 'end 1000'];
    assert.deepEqual(await ledger.get('log'), expected);
    await ledger.dispose();
  });

  s.test('a thousand calls of every kind end in their order', async () => {
    const ledger = await s.pool().actor(Ledger);
    const ended: number[] = [];
    const calls = Array.from({ length: 1000 }, (_, n) => {
      const call = n % 7 === 0 ? ledger.echoLater(n) : n % 11 === 0 ? ledger.echo([n]) : ledger.echo(n);
      return Promise.resolve<unknown>(call).then(() => ended.push(n));
    });
    await Promise.all(calls);
    assert.deepEqual(await ledger.echo('still'), 'still');
    assert.equal(new Set(ended).size, 1000);
    await ledger.dispose();
  });

  s.test('asynchronous methods that wait for nothing, or for something, keep all the rules', async () => {
    for (const most of [1, 3]) {
      const soon = await s.pool().actor({ maxConcurrency: most }, Soon);
      const calls = Array.from({ length: 300 }, (_, n) => soon.hops(n, n % 13));
      const results = await Promise.all(calls);
      results.forEach(([n, task, had], k) => {
        const call = calls[k] as (typeof calls)[number];
        assert.deepEqual([n, task, call.progress?.data], [k, call.id, k]);
        assert.ok(had <= most);
      });
      assert.deepEqual(
        await soon.get('begun'),
        Array.from({ length: 300 }, (_, n) => n),
      );
      assert.equal(await soon.get('running'), 0);
      for (const hops of [0, 1, 20]) {
        await assert.rejects(soon.fail(hops), new RangeError(`after ${hops}`));
        if (most === 1) await assert.rejects(soon.calls(soon, hops), ActorDeadlockError);
        else assert.equal(await soon.calls(soon, hops), 1);
      }
      const counted: number[] = [];
      for await (const n of soon.count(5)) counted.push(n);
      assert.deepEqual(counted, [0, 1, 2, 3, 4]);
      await assert.rejects(soon.unreadable(), new RangeError('not this one'));
      assert.equal((await soon.hops(7, 1))[0], 7);
      await soon.dispose();
    }
  });

  s.test('maxConcurrency lets so many asynchronous calls overlap', async () => {
    for (const most of [1, 3]) {
      const waiting = await s.pool().actor({ maxConcurrency: most }, Waiting);
      await Promise.all(Array.from({ length: 40 }, () => waiting.work(1)));
      assert.equal(await waiting.get('most'), most);
      assert.equal(await waiting.get('running'), 0);
      await waiting.dispose();
    }
  });

  s.test('context() works in methods, before and after they have returned', async () => {
    const waiting = await s.pool().actor(Waiting);
    const now = waiting.where();
    const here = await now;
    assert.equal(here.task, now.id);
    assert.ok(here.random >= 0 && here.random < 1);
    const later = waiting.whereLater();
    assert.deepEqual(await later, { worker: here.worker, task: later.id });
    for (let n = 0; n < 3; n++) {
      const promised = waiting.wherePromised();
      const beside = waiting.where();
      assert.equal(await promised, promised.id);
      assert.equal((await beside).task, beside.id);
    }
    for (const call of [waiting.report(), waiting.reportLater()]) {
      await call;
      assert.deepEqual(call.progress?.data, call.name.endsWith('Later') ? { half: 0.5 } : 0.5);
    }
    await waiting.dispose();
  });

  s.test('a call that waits is cancelled without having run; one that runs sees its signal', async () => {
    const waiting = await s.pool().actor(Waiting);
    const first = waiting.work(20);
    const queued = waiting.work(1);
    const reason = new RangeError('not needed');
    assert.equal(queued.cancel(reason), true);
    assert.equal(queued.cancel(), false);
    await assert.rejects(queued, reason);
    assert.equal(await first, 1);
    const controller = new AbortController();
    const running = waiting.with({ signal: controller.signal }).untilAborted();
    await sleep(10);
    controller.abort(reason);
    await assert.rejects(running, reason);
    assert.equal(await waiting.work(1), 1);
    assert.equal(await waiting.get('running'), 0);
    await assert.rejects(waiting.with({ signal: AbortSignal.abort(reason) }).where(), reason);
    await waiting.dispose();
  });

  s.test('a time limit ends an asynchronous call; the actor goes on where that stops', async () => {
    const waiting = await s.pool().actor(Waiting);
    const error = await waiting
      .with({ timeoutMs: 20 })
      .untilAborted()
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof TaskTimeoutError, String(error));
    assert.match(error.message, /Waiting\.untilAborted/);
    if (isolated) assert.equal(await waiting.work(1), 1);
    await waiting.dispose();
  });

  if (killable) {
    s.test('a synchronous loop that looks at its signal stops, and the actor keeps its state', async () => {
      const waiting = await s.pool().actor(Waiting);
      assert.equal(await waiting.work(1), 1);
      const spinning = waiting.with({ timeoutMs: 20, graceMs: 20_000 }).politeSpin();
      await assert.rejects(spinning, TaskTimeoutError);
      assert.equal(await waiting.get('most'), 1);
      await waiting.dispose();
    });

    s.test(
      'a loop that does not stop costs the actor its worker: with restarts it is made again',
      async () => {
        const pool = s.open({ workers: 1, graceMs: 20 });
        for (const restarts of [0, 1]) {
          const waiting = await pool.actor({ restarts }, Waiting);
          assert.equal(await waiting.work(1), 1);
          const spinning = waiting.with({ timeoutMs: 20 }).spin();
          const after = waiting.get('most');
          await assert.rejects(spinning, TaskTimeoutError);
          if (restarts === 0) await assert.rejects(after, ActorDiedError);
          else assert.equal(await after, 0);
          await waiting.kill();
        }
      },
    );
  }

  s.test('a call that would wait for itself is refused, at any distance', async () => {
    const pool = s.pool();
    const selfish = await pool.actor(Selfish);
    const middle = await pool.actor(Middle);
    await assert.rejects(selfish.twice(selfish, 1), (error: unknown) => {
      assert.ok(error instanceof ActorDeadlockError, String(error));
      assert.match(error.message, /maxConcurrency/);
      return true;
    });
    await assert.rejects(selfish.through(middle, selfish), ActorDeadlockError);
    const roomy = await pool.actor({ maxConcurrency: 2 }, Selfish);
    assert.equal(await roomy.twice(roomy, 21), 42);
    for (const actor of [selfish, middle, roomy]) await actor.dispose();
  });
}
