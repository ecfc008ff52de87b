/**
 * Nothing hangs: every way to fail × every call × every backend.
 *
 * After each cell the same pool still answers on every worker, and the innocent tasks that were queued beside the guilty
 * one have their results.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Executor, ExecutorOptions } from 'tutti';
import { assertNoLeaks } from '../leaks.ts';
import { Enough, failures, unsupported, type Failure } from './failures.ts';
import { collect, rejection, sharedOf, thrown, until, upTo, within, type Claims } from './subject.ts';

/** Longest time of one cell. Only what hangs comes near it. */
const timeout = 20_000;
const cellMs = 15_000;

type Culprit = (...args: unknown[]) => unknown;

/** One way to call: a column of the matrix. */
interface Column {
  readonly name: string;
  readonly blocking?: true;
  /** Results travel back. */
  readonly results: boolean;
  /** Runs `culprit` in `pool`, for a blocking call before it returns. */
  readonly call: (pool: Executor, culprit: Culprit) => PromiseLike<unknown>;
}

const columns: readonly Column[] = [
  { name: 'submit', results: true, call: (pool, culprit) => pool.submit(culprit) },
  { name: 'map', results: true, call: (pool, culprit) => pool.map(upTo(6), one(culprit, 3)) },
  { name: 'stream', results: true, call: (pool, culprit) => collect(pool.stream(upTo(6), one(culprit, 3))) },
  {
    name: 'submitSync',
    results: true,
    blocking: true,
    call: (pool, culprit) => pool.submitSync(culprit) as never,
  },
  {
    name: 'mapSync',
    results: true,
    blocking: true,
    call: (pool, culprit) => pool.mapSync(upTo(6), one(culprit, 3)) as never,
  },
  { name: 'forEach', results: false, call: (pool, culprit) => pool.forEach(upTo(6), one(culprit, 3)) },
  { name: 'reduce', results: true, call: (pool, culprit) => pool.reduce(upTo(6) as unknown[], culprit) },
  { name: 'for', results: false, call: (pool, culprit) => pool.for(6, one(culprit, 3)) },
  { name: 'broadcast', results: true, call: (pool, culprit) => pool.broadcast(culprit) },
];

/** Item `guilty` runs the culprit, the others are innocent. */
function one(culprit: Culprit, guilty: number): (item: number) => unknown {
  return (item) => (item === guilty ? culprit() : item);
}

/** Declares the matrix of one backend. */
export function failureMatrix(
  name: string,
  open: (options?: ExecutorOptions) => Executor,
  claims: Claims,
): void {
  let pool: Executor | undefined;
  const workers = claims.several ? 2 : 1;
  const options = { workers, graceMs: 30, resourceLimits: { maxOldGenerationSizeMb: 32 } };
  after(async () => {
    await pool?.close();
    await assertNoLeaks();
  });
  for (const failure of failures) {
    for (const column of columns) {
      const skip = reasonToSkip(name, failure, column, claims);
      test(`${name}: ${failure.name} × ${column.name}`, { timeout, skip }, async () => {
        await cell((pool ??= open(options)), failure, column, claims, workers);
      });
    }
  }
  test(`${name}: native crash × every call`, {
    skip: claims.killable
      ? 'a native crash (SIGSEGV) ends the whole process when workers are its threads'
      : `${name} does not claim: killable`,
  });
}

function reasonToSkip(name: string, failure: Failure, column: Column, claims: Claims): string | false {
  const needs = column.blocking === true ? [...failure.needs, 'blocking' as const] : failure.needs;
  const missing = needs.filter((need) => !claims[need]);
  if (missing.length > 0) return `${name} does not claim: ${missing.join(', ')}`;
  if (failure.cancelled === true && column.blocking === true) return 'a thread that waits cannot cancel';
  return false;
}

async function cell(
  pool: Executor,
  failure: Failure,
  column: Column,
  claims: Claims,
  workers: number,
): Promise<void> {
  const shared = sharedOf(claims);
  const started = shared(Int32Array, 1);
  const runs = shared(Int32Array, 8);
  const { run } = failure;
  const culprit: Culprit = () => run(started);
  const innocent = (x: number) => {
    Atomics.add(runs, x, 1);
    return x * 2;
  };
  const controller = new AbortController();
  const view = pool.with({
    name: 'culprit',
    signal: controller.signal,
    ...(failure.timeoutMs === undefined ? {} : { timeoutMs: failure.timeoutMs }),
  });

  const before = upTo(4).map((x) => pool.submit(innocent, x));
  if (column.blocking === true) {
    const call = () => column.call(view, culprit);
    const error = thrown(call);
    // Without isolation the calling thread itself would have to run what it waits for.
    if (failure.asynchronous === true && !claims.isolated) unsupported(error);
    else failure.check(error);
  } else {
    const ended = column.call(view, culprit);
    const outcome = failure.byResult === true && !column.results ? settled(ended) : rejection(ended);
    if (failure.cancelled === true) {
      await until('the culprit runs', () => started[0] === 1);
      controller.abort(new Enough('enough'));
    }
    const after_ = upTo(4).map((x) => pool.submit(innocent, x + 4));
    const error = await within(cellMs, `${failure.name} in ${column.name}`, outcome);
    if (failure.byResult !== true || column.results) failure.check(error);
    assert.deepEqual(
      await within(cellMs, 'innocent tasks behind the guilty one', Promise.all(after_)),
      [8, 10, 12, 14],
    );
  }
  assert.deepEqual(
    await within(cellMs, 'innocent tasks before the guilty one', Promise.all(before)),
    [0, 2, 4, 6],
  );
  // A result on its way when the worker dies may be lost; its task then runs a second time.
  for (const count of runs.subarray(0, column.blocking === true ? 4 : 8)) {
    assert.ok(
      count === 1 || (claims.killable && count === 2),
      `innocent tasks ran ${[...runs].join(', ')} times`,
    );
  }
  const probes = await within(
    cellMs,
    'a probe of every worker',
    pool.broadcast(() => 'alive'),
  );
  assert.deepEqual(
    probes,
    upTo(workers).map(() => 'alive'),
  );
  assert.equal(pool.stats().tasks.pending, 0);
}

async function settled(promise: PromiseLike<unknown>): Promise<void> {
  await promise;
}
