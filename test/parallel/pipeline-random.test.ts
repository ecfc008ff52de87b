/** Random chains of stages give what the same chain of array methods gives, wherever they run and however they are read. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pipeline, serial, threads, type Executor, type Pipeline } from 'tutti';
import { assertNoLeaks } from '../leaks.js';
import { LaterNumbers, Numbers, range } from './inputs.js';

after(assertNoLeaks);

/** Marsaglia's xorshift32. */
function dice(seed: number): (sides: number) => number {
  let x = seed | 1;
  return (sides) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % sides;
  };
}

type Both = { items: Pipeline<number>; model: number[] };

function stage(roll: (sides: number) => number, pools: readonly Executor[], { items, model }: Both): Both {
  const place = (): object => {
    if (roll(2) === 0) return { concurrency: 1 + roll(4) };
    return { on: pools[roll(pools.length)], window: 1 + roll(20) };
  };
  const k = 1 + roll(5);
  switch (roll(11)) {
    case 0:
      return { items: items.map((x) => x + 1, place()), model: model.map((x) => x + 1) };
    case 1: {
      const later = async (x: number) => {
        for (let n = 0; n < x % 3; n++) await turn();
        return x * 3;
      };
      return { items: items.map(later, { concurrency: k }), model: model.map((x) => x * 3) };
    }
    case 2:
      return { items: items.filter((x) => x % 3 !== 0, place()), model: model.filter((x) => x % 3 !== 0) };
    case 3:
      return { items: items.flatMap((x) => (x % 2 === 0 ? [x, x] : []), place()), model: model.flatMap((x) => (x % 2 === 0 ? [x, x] : [])) }; // prettier-ignore
    case 4:
      return { items: items.take(k * 30), model: model.slice(0, k * 30) };
    case 5:
      return { items: items.skip(k), model: model.slice(k) };
    case 6: {
      const batches = roll(2) === 0 ? items.batch(k) : items.batch(k, { timeoutMs: 60_000 });
      const cut = Array.from({ length: Math.ceil(model.length / k) }, (_, i) =>
        model.slice(i * k, i * k + k),
      );
      return { items: batches.map((all) => all.length), model: cut.map((all) => all.length) };
    }
    case 7:
      return {
        items: items.window(k).map((all) => all[0] as number),
        model: model.slice(0, Math.max(0, model.length - k + 1)),
      };
    case 8:
      return { items: items.buffer(k), model };
    case 9:
      return {
        items: items.through(async function* (all) {
          yield* all;
        }),
        model,
      };
    default: {
      let sum = 0;
      return {
        items: items.scan((a, b) => (a + b) % 1000, 0),
        model: model.map((x) => (sum = (sum + x) % 1000)),
      };
    }
  }
}

test('random chains of stages agree with arrays', { timeout: 60_000 }, async (context) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  context.diagnostic(`seed ${seed}`);
  const roll = dice(seed);
  const pools = [serial(), threads({ workers: 2 })];
  for (let round = 0; round < 150; round++) {
    const length = roll(120);
    const source = [() => range(length), () => new Numbers(length), () => new LaterNumbers(length)][
      roll(3)
    ]?.();
    let both: Both = { items: pipeline(source as Iterable<number>), model: range(length) };
    for (let n = roll(5); n >= 0; n--) both = stage(roll, pools, both);
    const { items, model } = both;
    const results: number[] = [];
    switch (roll(4)) {
      case 0:
        results.push(...(await items.toArray()));
        break;
      case 1:
        for await (const x of items) results.push(x);
        break;
      case 2:
        results.push(...((await items.toNodeStream().toArray()) as number[]));
        break;
      default:
        await items.pipeTo(new WritableStream({ write: (x) => void results.push(x) }));
    }
    assert.deepEqual(results, model, `seed ${seed}, round ${round}`);
  }
  for (const pool of pools) await pool.close();
});

test(
  'whatever ends a random chain closes its source once and loses nothing',
  { timeout: 60_000 },
  async (context) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    context.diagnostic(`seed ${seed}`);
    const lost: unknown[] = [];
    const listener = (reason: unknown) => lost.push(reason);
    process.on('unhandledRejection', listener);
    const roll = dice(seed);
    const pools = [serial(), threads({ workers: 2 })];
    for (let round = 0; round < 150; round++) {
      const story = `seed ${seed}, round ${round}`;
      const input = roll(2) === 0 ? new Numbers() : new LaterNumbers();
      const controller = new AbortController();
      let both: Both = {
        items: pipeline(input as Iterable<number>, { signal: controller.signal }),
        model: [],
      };
      for (let n = roll(4); n >= 0; n--) both = stage(roll, pools, both);
      const error = new RangeError('the end');
      const after = roll(20);
      let seen = 0;
      let ending: unknown;
      const how = roll(4);
      // A chain that hands on nothing at all ends this way.
      const timer = setTimeout(() => controller.abort(error), 100);
      try {
        if (how === 0) {
          for await (const _ of both.items) if (seen++ === after) break;
        } else {
          await both.items.forEach(() => {
            if (seen++ !== after) return;
            if (how === 1) controller.abort(error);
            if (how === 2) throw error;
            if (how === 3) setImmediate(() => controller.abort(error));
          });
        }
      } catch (thrown) {
        ending = thrown;
      }
      clearTimeout(timer);
      assert.ok(ending === undefined || ending === error, `${story}: ${String(ending)}`);
      assert.equal(input.closed, 1, story);
    }
    for (const pool of pools) {
      assert.equal(pool.stats().tasks.pending, 0);
      await pool.close();
    }
    await turn();
    process.off('unhandledRejection', listener);
    assert.deepEqual(lost, []);
  },
);
