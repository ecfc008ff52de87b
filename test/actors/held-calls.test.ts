/** Asynchronous methods that wait for nothing that is not there: their calls end with their parts, and keep all the rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, processes, TaskTimeoutError, threads, type Actor, type Executor } from 'tutti';
import { registrySlot } from '#src/base/registry.js';
import type { NoticeReader } from '#src/executor/notices.js';

const limit = { timeout: 60_000 };
const pools: readonly [name: string, open: () => Executor][] = [
  ['threads', () => threads({ workers: 1, graceMs: 200 })],
  ['processes', () => processes({ workers: 1, graceMs: 200 })],
];

class Snapshots {
  readonly state = { n: 0, seen: 0 };
  left: number | undefined;
  async take(): Promise<{ n: number; seen: number }> {
    this.state.seen = this.state.n;
    return this.state;
  }
  bump(): void {
    this.state.n++;
  }
  spin(ms: number): void {
    for (const end = performance.now() + ms; performance.now() < end;);
  }
  exit(): never {
    process.exit(3);
  }
  async leave(): Promise<void> {
    setTimeout(() => (this.left = context().taskId), 1);
  }
  async poll(): Promise<never> {
    const { signal } = context();
    for (;;) {
      await undefined;
      if (signal.aborted) throw signal.reason;
    }
  }
}

/** Lives on the same worker, and calls without a message. */
class Neighbour {
  bumpOften(snapshots: Actor<Snapshots>, times: number): void {
    const go = async (): Promise<void> => {
      for (let i = 0; i < times; i++) await snapshots.bump();
    };
    void go();
  }
  callAfter(snapshots: Actor<Snapshots>, hops: number, method: 'spin' | 'exit'): void {
    const go = async (): Promise<void> => {
      for (let hop = 0; hop < hops; hop++) await undefined;
      await (method === 'spin' ? snapshots.spin(300) : snapshots.exit());
    };
    go().catch(() => undefined);
  }
}

for (const [name, open] of pools) {
  test(`${name}: what a call returns is packed before the next one runs`, limit, async () => {
    await using pool = open();
    const snapshots = await pool.actor(Snapshots);
    const neighbour = await pool.actor(Neighbour);
    for (let round = 0; round < 20; round++) {
      const bumping = neighbour.bumpOften(snapshots, 200);
      const taken = await Promise.all(Array.from({ length: 50 }, () => snapshots.take()));
      for (const { n, seen } of taken) assert.equal(n, seen);
      await bumping;
    }
  });

  test(`${name}: a call that has ended is not to blame for the next one`, limit, async () => {
    await using pool = open();
    for (const method of ['spin', 'exit'] as const) {
      for (let hops = 0; hops < 4; hops++) {
        const snapshots = await pool.actor(Snapshots);
        const neighbour = await pool.actor(Neighbour);
        await snapshots.take();
        const calling = neighbour.callAfter(snapshots, hops, method);
        const taken = snapshots.with({ timeoutMs: 150 }).take();
        await calling.catch(() => undefined);
        // The neighbour's call may come first: then it is that one which takes long, or ends the worker.
        const outcome = await taken.then(
          ({ n }) => n,
          (error: unknown) => (error as Error).name,
        );
        assert.ok(outcome === 0 || (method === 'exit' && outcome === 'ActorDiedError'), String(outcome));
        for (const actor of [neighbour, snapshots]) await actor.kill();
      }
    }
  });

  test(`${name}: a call that polls its signal past its time holds up no other`, limit, async () => {
    for (let round = 0; round < 3; round++) {
      await using pool = open();
      const snapshots = await pool.actor({ maxConcurrency: 8, restarts: 1 }, Snapshots);
      await assert.rejects(snapshots.with({ timeoutMs: 100 }).poll(), TaskTimeoutError);
      assert.equal((await snapshots.take()).n, 0);
      assert.equal((await snapshots.take()).n, 0);
    }
  });

  test(`${name}: what a call leaves behind still finds its context`, limit, async () => {
    await using pool = open();
    const snapshots = await pool.actor(Snapshots);
    for (let round = 0; round < 3; round++) {
      const call = snapshots.leave();
      await call;
      await sleep(20);
      assert.equal(await snapshots.get('left'), call.id);
    }
  });
}

test('no notice is sent for calls that wait for nothing, alone or in a row', limit, async () => {
  await using pool = threads({ workers: 1 });
  const snapshots = await pool.actor(Snapshots);
  await snapshots.take();
  const slot = registrySlot<NoticeReader>('notice-reader', 1);
  const reader = slot.get() as NoticeReader;
  const notices: unknown[] = [];
  slot.set({
    read(peer, data) {
      notices.push(data);
      reader.read(peer, data);
    },
    gone: (peer, error) => reader.gone(peer, error),
  });
  try {
    for (let call = 0; call < 10; call++) {
      await snapshots.take();
      // Its worker goes back to its event loop.
      await sleep(20);
    }
    for (let call = 0; call < 100; call++) await snapshots.take();
    await Promise.all(Array.from({ length: 100 }, () => snapshots.take()));
    assert.deepEqual(notices, []);
  } finally {
    slot.set(reader);
  }
});
