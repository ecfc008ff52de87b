/** The calls of the soak test: each makes one, checks every value of it, and counts how often each item ran. */
import assert from 'node:assert/strict';
import { context, shared, TaskTimeoutError, WorkerCrashedError, type Executor } from 'tutti';
import type { Dice } from './dice.ts';

/** What a call works with. */
export interface Load {
  readonly pool: Executor;
  readonly dice: Dice;
  /** Workers die and are killed meanwhile: an innocent item may then run twice, though its result comes once. */
  readonly wild: boolean;
  /** Workers are threads: `shared()` is the same memory there. */
  readonly inThreads: boolean;
}

export type Call = (load: Load) => Promise<void>;

class Parcel {
  readonly weight: number;
  constructor(weight: number) {
    this.weight = weight;
  }
  heavier(): Parcel {
    return new Parcel(this.weight + 1);
  }
}

class Oops extends Error {
  readonly item: number;
  constructor(item: number) {
    super(`oops ${item}`);
    this.item = item;
  }
}

/** Counts of runs; a fresh one for each call. */
type Counts = Int32Array<SharedArrayBuffer>;

function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, k) => k);
}

/** Every item ran: once, or where workers die at least once. */
function ranAll(counts: Counts, wild: boolean): void {
  counts.forEach((count, k) => {
    assert.ok(wild ? count >= 1 : count === 1, `item ${k} ran ${count} times`);
  });
}

async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return undefined;
}

function options({ dice }: Load): { priority?: number; chunk?: number; seed?: number } {
  return {
    ...(dice.chance(0.2) ? { priority: dice.from(-2, 2) } : {}),
    ...(dice.chance(0.3) ? { chunk: dice.from(1, 50) } : {}),
    ...(dice.chance(0.1) ? { seed: dice.from(0, 100) } : {}),
  };
}

/** Work of a random length, up to about a tenth of a millisecond, seldom ten. */
function spin(x: number): number {
  let rounds = (x * 7919) % 997 === 0 ? 200_000 : (x * 31) % 2000;
  let value = x;
  while (rounds-- > 0) value = (value * 1.000001) % 1e9;
  return value;
}

const tame: Record<string, Call> = {
  async submit({ pool, dice, wild }) {
    const n = dice.from(1, 30);
    const counts = shared(Int32Array, n);
    const run = (k: number) => {
      spin(k);
      Atomics.add(counts, k, 1);
      return k * 3;
    };
    const view = pool.with({ priority: dice.from(-1, 1) });
    const results = await Promise.all(numbers(n).map((k) => view.submit(run, k)));
    assert.deepEqual(
      results,
      numbers(n).map((k) => k * 3),
    );
    ranAll(counts, wild);
  },

  async values({ pool, dice }) {
    const weight = dice.from(0, 1e6);
    const parcels = [new Parcel(weight), new Parcel(-weight)];
    const back = await pool.submit(
      (list: Parcel[], more: Map<string, Uint8Array>) => ({
        list: list.map((parcel) => parcel.heavier()),
        sum: [...more.values()].reduce((sum, bytes) => sum + bytes.length, 0),
      }),
      parcels,
      new Map([['a', new Uint8Array(weight % 1000)]]),
    );
    assert.ok(back.list.every((parcel) => parcel instanceof Parcel));
    assert.deepEqual(
      back.list.map((parcel) => parcel.weight),
      [weight + 1, -weight + 1],
    );
    assert.equal(back.sum, weight % 1000);
  },

  async map(load) {
    const { pool, dice, wild } = load;
    const n = dice.from(0, 3000);
    const counts = shared(Int32Array, n);
    const kind = dice.from(0, 3);
    const results: unknown[] = await pool.map(
      numbers(n),
      (x) => {
        spin(x);
        Atomics.add(counts, x, 1);
        if (kind === 0) return x * 2;
        if (kind === 1) return x % 5 === 4 ? `${x}` : x;
        if (kind === 2) return { x };
        return x % 50 === 0 ? Promise.resolve(x) : x;
      },
      options(load),
    );
    assert.deepEqual(
      results,
      numbers(n).map((x) => [x * 2, x % 5 === 4 ? `${x}` : x, { x }, x][kind]),
    );
    ranAll(counts, wild);
  },

  async failingMap(load) {
    const { pool, dice } = load;
    const n = dice.from(1, 1000);
    const bad = dice.from(0, n - 1);
    const error = await failure(
      pool.map(
        numbers(n),
        (x) => {
          if (x === bad) throw new Oops(x);
          return spin(x);
        },
        options(load),
      ),
    );
    assert.ok(error instanceof Oops, String(error));
    assert.equal(error.item, bad);
  },

  async flaky(load) {
    const { pool, dice, wild } = load;
    const n = dice.from(1, 200);
    const tries = shared(Int32Array, n);
    const results = await pool.map(
      numbers(n),
      (x) => {
        if (Atomics.add(tries, x, 1) < x % 3) throw new Oops(x);
        return x;
      },
      { ...options(load), retries: { limit: 2, backoffMs: dice.from(0, 3) } },
    );
    assert.deepEqual(results, numbers(n));
    tries.forEach((count, x) => assert.ok(wild ? count > x % 3 : count === (x % 3) + 1));
  },

  async stream(load) {
    const { pool, dice, wild } = load;
    const n = dice.from(0, 1500);
    const stop = dice.chance(0.3) ? dice.from(0, n) : Infinity;
    const ordered = dice.chance(0.6);
    const counts = shared(Int32Array, n);
    let closed = 0;
    function* input(): Iterable<number> {
      try {
        for (let x = 0; x < n; x++) yield x;
      } finally {
        closed++;
      }
    }
    const seen: number[] = [];
    const window = dice.chance(0.5) ? { window: dice.from(1, 100) } : {};
    const run = (x: number) => {
      spin(x);
      Atomics.add(counts, x, 1);
      return x;
    };
    for await (const x of pool.stream(input(), run, { ...options(load), ...window, ordered })) {
      seen.push(x);
      if (seen.length >= stop) break;
    }
    if (!ordered) seen.sort((a, b) => a - b);
    assert.equal(new Set(seen).size, seen.length);
    if (stop > n) {
      assert.deepEqual(seen, numbers(n));
      ranAll(counts, wild);
    } else if (ordered) assert.deepEqual(seen, numbers(seen.length));
    assert.equal(closed, 1);
  },

  async forEach(load) {
    const { pool, dice, wild } = load;
    const counts = shared(Int32Array, dice.from(0, 3000));
    await pool.forEach(numbers(counts.length), (x) => Atomics.add(counts, x, 1), options(load));
    ranAll(counts, wild);
  },

  async for({ pool, dice }) {
    const n = dice.from(0, 50_000);
    const counts = shared(Int32Array, n);
    await pool.for(n, (i) => {
      counts[i] = i + 1;
    });
    assert.ok(counts.every((value, i) => value === i + 1));
  },

  async reduce({ pool, dice }) {
    const n = dice.from(1, 5000);
    assert.equal(await pool.reduce(numbers(n), (a, b) => a + b, 7), 7 + (n * (n - 1)) / 2);
  },

  async mapReduce({ pool, dice }) {
    const n = dice.from(1, 2000);
    const keys = dice.from(1, 20);
    const counts = await pool.mapReduce(
      numbers(n),
      (x) => [[x % keys, 1] as const],
      (a, b) => a + b,
    );
    let total = 0;
    for (const [key, count] of counts) {
      assert.equal(count, Math.floor((n - 1 - key) / keys) + 1);
      total += count;
    }
    assert.equal(total, n);
  },

  async find(load) {
    const { pool, dice } = load;
    const n = dice.from(1, 3000);
    const at = dice.from(0, 2 * n);
    const hit = await pool.findIndex(numbers(n), (x) => x >= at, options(load));
    assert.equal(hit, at < n ? at : -1);
    assert.equal(await pool.some(numbers(n), (x) => x === at), at < n);
  },

  async broadcast({ pool, dice }) {
    const word = dice.from(0, 1000);
    const answers = await pool.broadcast((x: number) => [x, context().workerId], word);
    assert.ok(answers.length > 0 && answers.every(([x]) => x === word));
  },

  async blocking({ pool, dice }) {
    const n = dice.from(1, 200);
    assert.deepEqual(
      pool.mapSync(numbers(n), (x) => (spin(x) < 0 ? -1 : x)),
      numbers(n),
    );
    assert.equal(
      pool.submitSync((x: number) => x + 1, n),
      n + 1,
    );
  },

  async progress({ pool, dice }) {
    const n = dice.from(1, 300);
    let last = 0;
    const reports = new Set<unknown>();
    await pool.map(
      numbers(n),
      (x) => {
        if (x % 50 === 0) context().report(x);
        return x;
      },
      {
        onProgress: ({ completed, index, data }) => {
          assert.ok(completed >= last && completed <= n);
          last = completed;
          if (index !== undefined) reports.add(data);
        },
      },
    );
    assert.equal(last, n);
    assert.deepEqual(reports, new Set(numbers(n).filter((x) => x % 50 === 0)));
  },

  async seeds({ pool, dice }) {
    const seed = dice.from(0, 1e9);
    const draw = () => context().random();
    const first = await pool.map(numbers(20), draw, { seed, chunk: 3 });
    assert.deepEqual(await pool.map(numbers(20), draw, { seed }), first);
  },

  async cancel(load) {
    const { pool, dice } = load;
    const task = pool.map(
      numbers(2000),
      (x) => {
        spin(x * 997);
        return x;
      },
      { ...options(load), graceMs: 10_000 },
    );
    const outcome = failure(task);
    if (dice.chance(0.7)) await new Promise((resolve) => setTimeout(resolve, dice.from(0, 20)));
    const reason = new Oops(-1);
    const cancelled = task.cancel(reason);
    assert.equal(await outcome, cancelled ? reason : undefined);
  },

  async resize({ pool, dice }) {
    pool.resize(dice.from(1, 4));
    await new Promise((resolve) => setTimeout(resolve, dice.from(0, 30)));
  },
};

/** A blocking call keeps this thread from cancelling: the time limit then frees the worker that it waits for. */
const timeoutMs = 500;

function stopped(error: unknown): void {
  assert.ok(error instanceof TaskTimeoutError || (error as Error).name === 'AbortError', String(error));
}

/** From Node 24 on V8 may abort the whole process when the heap of a thread runs full. */
export const threadsSurvive = Number(process.versions.node.split('.')[0]) < 24;

/** Calls that count in memory that only threads share. */
export const needsThreads: ReadonlySet<string> = new Set([
  'submit',
  'map',
  'flaky',
  'stream',
  'forEach',
  'for',
  'exitOnce',
]);

const wildOnes: Record<string, Call> = {
  async exit({ pool, dice }) {
    const code = dice.from(1, 100);
    const leave = async (status: number, later: boolean) => {
      if (later) await new Promise((resolve) => setTimeout(resolve, 3));
      process.exit(status);
    };
    const error = await failure(pool.submit(leave, code, dice.chance(0.5)));
    assert.ok(error instanceof WorkerCrashedError, String(error));
    assert.equal(error.exitCode, code);
  },

  async exitInMap(load) {
    const { pool, dice } = load;
    const n = dice.from(1, 500);
    const bad = dice.from(0, n - 1);
    const error = await failure(
      pool.map(numbers(n), (x) => (x === bad ? process.exit(1) : spin(x)), options(load)),
    );
    assert.ok(error instanceof WorkerCrashedError, String(error));
    assert.equal(error.index, bad);
  },

  async exitOnce(load) {
    const { pool, dice } = load;
    const n = dice.from(1, 500);
    const bad = dice.from(0, n - 1);
    const deaths = shared(Int32Array, 1);
    const results = await pool.map(
      numbers(n),
      (x) => {
        if (x === bad && Atomics.add(deaths, 0, 1) === 0) process.exit(1);
        return x;
      },
      { ...options(load), retries: 1 },
    );
    assert.deepEqual(results, numbers(n));
  },

  async loop({ pool, dice }) {
    const forever = () => {
      for (;;);
    };
    const error = await failure(pool.with({ timeoutMs: dice.from(5, 40), graceMs: 5 }).submit(forever));
    assert.ok(error instanceof TaskTimeoutError, String(error));
  },

  async cancelLoop({ pool, dice }) {
    const task = pool.with({ graceMs: dice.from(0, 20), timeoutMs }).map([1, 2, 3], (x) => {
      while (x > 1);
      return x;
    });
    const outcome = failure(task);
    await new Promise((resolve) => setTimeout(resolve, dice.from(0, 40)));
    task.cancel();
    stopped(await outcome);
  },

  async never({ pool, dice }) {
    const controller = new AbortController();
    const view = pool.with({ signal: controller.signal, graceMs: 5, timeoutMs });
    const outcome = failure(view.forEach([1, 2], async () => await new Promise(() => undefined)));
    await new Promise((resolve) => setTimeout(resolve, dice.from(0, 20)));
    controller.abort();
    stopped(await outcome);
  },

  async memory({ pool, dice, inThreads }) {
    if (!dice.chance(0.1) || (inThreads && !threadsSurvive)) return;
    const error = await failure(
      pool.submit(() => {
        let hoard: unknown;
        for (;;) hoard = { before: hoard };
      }),
    );
    assert.ok(error instanceof WorkerCrashedError, String(error));
    if (error.memoryLimit !== undefined) assert.match(error.memoryLimit, /heap/);
  },

  async uncaught({ pool }) {
    const error = await failure(
      pool.submit(async () => {
        setTimeout(() => {
          throw new RangeError('late');
        }, 1);
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      }),
    );
    assert.ok(error instanceof WorkerCrashedError, String(error));
  },
};

/** Calls that harm nobody. */
export const tameCalls: readonly (readonly [string, Call])[] = Object.entries(tame);

/** Calls that kill workers. */
export const wildCalls: readonly (readonly [string, Call])[] = Object.entries(wildOnes);
