/** What one call, one stream or one actor must not do to the others. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ActorDiedError,
  ActorNameError,
  getActor,
  serial,
  TaskTimeoutError,
  threads,
  type Actor,
} from 'tutti';
import type { Subject } from '../conformance/subject.ts';

class Solo {
  async rest(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms).unref());
  }
  async deaf(): Promise<void> {
    await new Promise(() => undefined);
  }
  /** Counts its beginnings in `words[0]`; holds the thread until `words[1]` is set. */
  hold(words: Int32Array): string {
    Atomics.add(words, 0, 1);
    const until = performance.now() + 20_000;
    while (Atomics.load(words, 1) === 0 && performance.now() < until);
    return 'held';
  }
  /** Late already when it returns its promise. */
  async lateAndDeaf(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until);
    await new Promise(() => undefined);
  }
  readonly #readers: ((word: string) => void)[] = [];
  async *news(): AsyncGenerator<string, void> {
    for (;;) yield await new Promise<string>((resolve) => this.#readers.push(resolve));
  }
  tell(word: string): number {
    const readers = this.#readers.splice(0);
    for (const reader of readers) reader(word);
    return readers.length;
  }
  closed = 0;
  async streamLater(ms: number): Promise<IterableIterator<number>> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    const iterator: IterableIterator<number> = {
      next: () => ({ done: false, value: 1 }),
      return: () => {
        this.closed++;
        return { done: true, value: undefined };
      },
      [Symbol.iterator]: () => iterator,
    };
    return iterator;
  }
  unreadable(ms: number): unknown {
    const value = {
      [Symbol.asyncIterator](): never {
        throw new RangeError('no iterator');
      },
    };
    return ms < 0 ? value : new Promise((resolve) => setTimeout(resolve, ms, value));
  }
  noThenable(ms: number): unknown {
    const value = {
      get then(): never {
        throw new RangeError('no then');
      },
    };
    return ms < 0 ? value : new Promise((resolve) => setTimeout(resolve, ms, value));
  }
  ping(): string {
    return 'pong';
  }
}

class Parent {
  heard = '';
  ping(): string {
    return 'pong';
  }
  async ask(other: Actor<Parent>, ms: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    try {
      this.heard = await other.ping();
    } catch (error) {
      this.heard = (error as Error).name;
    }
    return this.heard;
  }
  begin(child: Actor<Parent>, self: Actor<Parent>, ms: number): string {
    void child.ask(self, ms);
    return 'begun';
  }
  async await(child: Actor<Parent>, ms: number, self: Actor<Parent>): Promise<string> {
    return await child.ask(self, ms);
  }
}

/** Counts its disposals in `words[0]`; when `ms` are given, the disposal goes on until that is −1. */
class Goes {
  readonly #words: Int32Array;
  readonly #ms: number;
  constructor(words: Int32Array, ms: number) {
    this.#words = words;
    this.#ms = ms;
  }
  async work(ms: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return Atomics.load(this.#words, 0) === 0 ? 'in time' : 'too late';
  }
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ms === 0) Atomics.add(this.#words, 0, 1);
    else
      while (Atomics.load(this.#words, 0) >= 0) await new Promise((resolve) => setTimeout(resolve, this.#ms));
  }
}

class Neighbour {
  async work(other: Actor<Goes>, ms: number): Promise<string> {
    return await other.work(ms);
  }
  open(words: Int32Array): number {
    return Atomics.load(words, 0);
  }
}

class Unborn {
  constructor() {
    throw new RangeError('never born');
  }
  never(): void {
    // Never called.
  }
}

/** Owns an actor in its worker. */
class Maker {
  readonly #pool = serial();
  async make(): Promise<Actor<Solo>> {
    return await this.#pool.actor(Solo);
  }
}

/** Has an actor two threads further down: in a pool of a worker of its own pool. */
class Nester {
  readonly #pool = threads({ workers: 1 });
  async make(): Promise<Actor<Solo>> {
    const maker = await this.#pool.actor(Maker);
    return await maker.make();
  }
  async end(): Promise<void> {
    await this.#pool.terminate();
  }
}

/** Makes an actor that the calling thread owns. */
async function ownedHere(): Promise<Actor<Solo>> {
  const { serial: open } = await import('tutti');
  return await open().actor(Solo);
}

export function mishapSuite(s: Subject): void {
  s.test(
    'a call that had begun is not begun again when its worker is ended for a neighbour',
    async () => {
      const pool = s.open({ workers: 1, graceMs: 100 });
      const deaf = await pool.actor({ restarts: 1 }, Solo);
      const other = await pool.actor({ restarts: 1 }, Solo);
      const words = s.shared(Int32Array, 2);
      const never = deaf.deaf();
      await sleep(20);
      const held = other.hold(words);
      while (Atomics.load(words, 0) === 0) await sleep(1);
      never.cancel(new RangeError('enough'));
      await assert.rejects(never, /enough/);
      await assert.rejects(held, ActorDiedError);
      assert.equal(await other.ping(), 'pong');
      assert.equal(Atomics.load(words, 0), 1);
    },
    'killable',
  );

  s.test(
    'a call whose time is over before it has returned its promise is stopped as any other',
    async () => {
      const pool = s.open({ workers: 1 });
      const solo = await pool.actor({ restarts: 1 }, Solo);
      assert.equal(await solo.ping(), 'pong');
      await assert.rejects(solo.with({ timeoutMs: 50, graceMs: 300 }).lateAndDeaf(150), TaskTimeoutError);
      assert.equal(await solo.ping(), 'pong');
      assert.equal((await solo.state()).restarts, 1);
    },
    'killable',
  );

  s.test('any number of readers of streams keep no call from running', async () => {
    const solo = await s.open({ workers: 1 }).actor(Solo);
    const streams = Array.from({ length: 40 }, () => solo.news());
    const reads = Promise.all(streams.map((stream) => stream.next()));
    let told = 0;
    while (told < 40) told += await solo.tell('word');
    for (const { value } of await reads) assert.equal(value, 'word');
    // … and one that leaves does not wait for a turn.
    const calls = Array.from({ length: 30 }, () => solo.rest(60_000));
    for (const call of calls) call.catch(() => undefined);
    await Promise.all(streams.map((stream) => stream.return()));
    await solo.kill();
    await Promise.allSettled(calls);
  });

  s.test(
    'terminate() ends the worker of an actor that was disposed of while it served a call to another',
    async () => {
      const pool = s.open({ workers: 1 });
      const maker = await pool.actor(Maker);
      const inner = await maker.make();
      const never = inner.deaf();
      await sleep(20);
      const disposed = maker.dispose();
      await sleep(20);
      const ends = Promise.allSettled([never, disposed]);
      await pool.terminate();
      assert.ok((await ends)[0].status === 'rejected');
    },
    'isolated',
  );

  s.test(
    'a call to an actor of a nested thread that is gone rejects',
    async () => {
      const nester = await s.open({ workers: 1 }).actor(Nester);
      const inner = await nester.make();
      assert.equal(await inner.ping(), 'pong');
      await nester.end();
      await assert.rejects(inner.ping(), ActorDiedError);
      await inner.kill();
      await inner.dispose();
      await nester.dispose();
    },
    'isolated',
    'several',
  );

  s.test('a cancelled call that returns a stream costs no worker, and the stream is ended', async () => {
    const solo = await s.open({ workers: 1, graceMs: 500 }).actor(Solo);
    const controller = new AbortController();
    const first = solo.with({ signal: controller.signal }).streamLater(50).next();
    await sleep(20);
    controller.abort(new RangeError('enough'));
    await assert.rejects(first, /enough/);
    while ((await solo.get('closed')) === 0) await sleep(5);
    // Longer than its worker would have been given to end the call.
    await sleep(700);
    assert.equal(await solo.ping(), 'pong');
  });

  s.test('a result that throws when it is looked at rejects its call, and nothing else', async () => {
    const solo = await s.open({ workers: 1 }).actor(Solo);
    for (const ms of [-1, 0, 5]) {
      await assert.rejects(Promise.resolve(solo.unreadable(ms)), /no iterator/);
      await assert.rejects(Promise.resolve(solo.noThenable(ms)), /no then/);
    }
    assert.equal(await solo.ping(), 'pong');
  });

  s.test('getActor() waits for an actor that is being made', async () => {
    const pool = s.open({ workers: 1 });
    const made = pool.actor({ name: 'early' }, Solo);
    const found = [getActor<Solo>('early'), pool.getActor<Solo>('early')];
    for (const solo of await Promise.all(found)) assert.equal(await solo.ping(), 'pong');
    await made;
    const failed = pool.actor({ name: 'unborn' }, Unborn);
    const sought = Promise.allSettled([getActor('unborn'), pool.getActor('unborn')]);
    await assert.rejects(failed, /never born/);
    for (const end of await sought)
      assert.ok(end.status === 'rejected' && end.reason instanceof ActorNameError);
  });

  s.test('a call that comes back to an actor whose method has ended meanwhile takes its turn', async () => {
    const pool = s.pool();
    const parent = await pool.actor(Parent);
    const child = await pool.actor(Parent);
    assert.equal(await parent.begin(child, parent, 30), 'begun');
    while ((await child.get('heard')) === '') await sleep(5);
    assert.equal(await child.get('heard'), 'pong');
    assert.equal(await parent.await(child, 1, parent), 'ActorDeadlockError');
    await parent.dispose();
    await child.dispose();
  });

  s.test('a call that would wait for itself is refused behind any number of others, too', async () => {
    const pool = s.pool();
    const parent = await pool.actor(Parent);
    const child = await pool.actor(Parent);
    const refused = parent.await(child, 50, parent);
    const behind = Array.from({ length: 40 }, () => parent.ping());
    assert.equal(await refused, 'ActorDeadlockError');
    assert.deepEqual(new Set(await Promise.all(behind)), new Set(['pong']));
    const roomy = await pool.actor({ maxConcurrency: 2 }, Parent);
    assert.equal(await roomy.await(child, 5, roomy), 'pong');
    for (const actor of [parent, child, roomy]) await actor.dispose();
  });

  s.test('dispose() waits for calls of neighbours on the same worker', async () => {
    const pool = s.open({ workers: 1 });
    const words = s.shared(Int32Array, 1);
    const slow = await pool.actor(Goes, words, 0);
    const neighbour = await pool.actor({ maxConcurrency: 2 }, Neighbour);
    const calls = [neighbour.work(slow, 100), neighbour.work(slow, 1)];
    await sleep(50);
    await slow.dispose();
    assert.equal(Atomics.load(words, 0), 1);
    assert.deepEqual(await Promise.all(calls), ['in time', 'in time']);
    await assert.rejects(neighbour.work(slow, 1), ActorDiedError);
  });

  s.test('a disposal that takes long holds up no neighbour', async () => {
    const pool = s.open({ workers: 1 });
    const words = s.shared(Int32Array, 1);
    const slow = await pool.actor(Goes, words, 10);
    const neighbour = await pool.actor(Neighbour);
    let gone = false;
    const disposed = slow.dispose().then(() => (gone = true));
    await sleep(50);
    for (let n = 0; n < 5; n++) assert.equal(await neighbour.open(words), 0);
    assert.equal(gone, false);
    Atomics.store(words, 0, -1);
    await disposed;
  });

  s.test(
    'a worker whose actors are called is not retired before they have answered',
    async () => {
      const pool = s.open({ workers: 1, idleTimeoutMs: 50 });
      const solo = await pool.submit(() => ownedHere());
      const rested = solo.rest(300).then(() => 'rested');
      await sleep(20);
      pool.resize(2);
      pool.resize(1);
      assert.equal(await rested, 'rested');
    },
    'isolated',
    'several',
  );
}
