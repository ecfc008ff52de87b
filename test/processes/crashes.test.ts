/** loky's crash matrix: every way to die × every moment of a task's life. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { context, deserialize, serialize, shared, WorkerCrashedError, type Executor } from 'tutti';
import { rejection, upTo, within } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { inBothModes } from './modes.ts';

after(assertNoLeaks);

interface Death {
  readonly name: string;
  readonly die: () => unknown;
  readonly exitCode?: number;
  readonly exitSignal?: string;
}

class Planned extends Error {}

const deaths: readonly Death[] = [
  { name: 'process.exit()', die: () => process.exit(7), exitCode: 7 },
  { name: 'SIGKILL', die: () => deadly('SIGKILL'), exitSignal: 'SIGKILL' },
  { name: 'SIGSEGV', die: () => deadly('SIGSEGV'), exitSignal: 'SIGSEGV' },
  { name: 'process.abort()', die: () => process.abort(), exitSignal: 'SIGABRT' },
  {
    name: 'throw',
    die: () => {
      throw new Planned('as planned');
    },
  },
];

/** Does not come back: the signal may take a moment. */
function deadly(signal: NodeJS.Signals): never {
  process.kill(process.pid, signal);
  for (;;);
}

const here = process.pid;

/** Goes wrong where it is packed, or where it is rebuilt. */
class Cargo {
  readonly at: 'pack' | 'unpack';
  readonly where: 'caller' | 'worker';
  readonly die: () => unknown;
  constructor(at: Cargo['at'], where: Cargo['where'], die: () => unknown) {
    this.at = at;
    this.where = where;
    this.die = die;
  }
  static goesWrong(where: Cargo['where']): boolean {
    return (process.pid === here) === (where === 'caller');
  }
  [serialize](): unknown[] {
    if (this.at === 'pack' && Cargo.goesWrong(this.where)) this.die();
    return [this.at, this.where, this.die];
  }
  static [deserialize]([at, where, die]: [Cargo['at'], Cargo['where'], () => unknown]): Cargo {
    if (at === 'unpack' && Cargo.goesWrong(where)) die();
    return new Cargo(at, where, die);
  }
}

/** Runs a culprit between innocent tasks. */
async function cell(
  pool: Executor,
  death: Death,
  culprit: (view: Executor) => PromiseLike<unknown>,
): Promise<void> {
  const before = upTo(3).map((k) => pool.submit((x: number) => x + 1, k));
  const outcome = rejection(culprit(pool.with({ name: 'culprit' })));
  const behind = upTo(3).map((k) => pool.submit((x: number) => x * 2, k));
  const error = await within(15_000, 'the culprit', outcome);
  if (death.exitCode === undefined && death.exitSignal === undefined) {
    assert.ok(error instanceof Planned, String(error));
    assert.equal(error.message, 'as planned');
  } else {
    assert.ok(error instanceof WorkerCrashedError, String(error));
    assert.equal(error.exitCode, death.exitCode, error.message);
    assert.equal(error.exitSignal, death.exitSignal, error.message);
    assert.match(error.task ?? '', /culprit/);
    assert.match(error.message, /culprit/);
  }
  assert.deepEqual(await within(15_000, 'tasks behind', Promise.all(behind)), [0, 2, 4]);
  assert.deepEqual(await within(15_000, 'tasks before', Promise.all(before)), [1, 2, 3]);
  assert.equal(await pool.submit(() => 'alive'), 'alive');
}

/** A worker takes a while to start: all ways to die in the body, some of them elsewhere. */
const some = (...names: string[]): Death[] => deaths.filter(({ name }) => names.includes(name));

inBothModes('a task that dies while its argument is rebuilt', async ({ open }) => {
  const pool = open({ workers: 1, graceMs: 20 });
  for (const death of some('process.exit()', 'SIGSEGV', 'throw')) {
    const cargo = new Cargo('unpack', 'worker', death.die);
    await cell(pool, death, (view) => view.submit((one: Cargo) => one.at, cargo));
  }
  await pool.close();
});

inBothModes('a task that dies in its body', async ({ open }) => {
  const pool = open({ workers: 1, graceMs: 20 });
  for (const { die, ...death } of deaths) {
    await cell(pool, { die, ...death }, (view) => view.submit(() => die()));
  }
  await pool.close();
});

inBothModes('a task that dies while its result is packed', async ({ open }) => {
  const pool = open({ workers: 1, graceMs: 20 });
  for (const { die, ...death } of some('process.exit()', 'SIGKILL', 'throw')) {
    await cell(pool, { die, ...death }, (view) => view.submit(() => new Cargo('pack', 'worker', die)));
  }
  await pool.close();
});

inBothModes('what throws in the caller, on either way, fails its own task only', async ({ open }) => {
  const pool = open({ workers: 1 });
  for (const { die, ...death } of some('throw')) {
    const cargo = new Cargo('pack', 'caller', die);
    await cell(pool, { die, ...death }, (view) => view.submit((one: Cargo) => one.at, cargo));
    await cell(pool, { die, ...death }, (view) => view.submit(() => new Cargo('unpack', 'caller', die)));
  }
  assert.equal(pool.stats().crashed, 0);
  await pool.close();
});

inBothModes('a worker that dies while onProgress runs, or throws', async ({ open }) => {
  const pool = open({ workers: 2, graceMs: 20 });
  const pids = await pool.broadcast(() => process.pid);
  let killed = 0;
  const items = await pool.map(
    upTo(20),
    async (k) => {
      context().report(k);
      await new Promise((resolve) => setTimeout(resolve, 2));
      return k;
    },
    {
      retries: 2,
      onProgress: () => {
        if (killed < 1) process.kill(pids[killed++] as number, 'SIGKILL');
      },
    },
  );
  assert.deepEqual(items, upTo(20));
  const error = await rejection(
    pool.map(upTo(5), (k) => k, {
      onProgress: () => {
        throw new Planned('in onProgress');
      },
    }),
  );
  assert.ok(error instanceof Planned);
  assert.deepEqual(await pool.map(upTo(5), (k) => k), upTo(5));
  await pool.close();
});

inBothModes('innocent tasks behind one that crashes run once, elsewhere', async ({ open }) => {
  const runs = shared(Int32Array, 30, { across: 'processes' });
  const pool = open({ workers: 1 });
  for (const { die } of some('SIGKILL')) {
    runs.fill(0);
    const guilty = rejection(
      pool.submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        die();
      }),
    );
    const tasks = upTo(30).map((k) =>
      pool.submit((x: number) => {
        Atomics.add(runs, x, 1);
        return x;
      }, k),
    );
    assert.ok((await guilty) instanceof WorkerCrashedError);
    assert.deepEqual(await Promise.all(tasks), upTo(30));
    assert.deepEqual(
      [...runs],
      upTo(30).map(() => 1),
    );
  }
  await pool.close();
});

inBothModes('blocking calls name the signal and go on', async ({ open }) => {
  const pool = open({ workers: 1 });
  for (const { die, exitCode, exitSignal } of some('process.exit()', 'SIGKILL')) {
    let error: unknown;
    try {
      pool.with({ name: 'culprit' }).submitSync(() => die());
    } catch (caught) {
      error = caught;
    }
    assert.ok(error instanceof WorkerCrashedError, String(error));
    assert.deepEqual([error.exitCode, error.exitSignal], [exitCode, exitSignal]);
    assert.match(error.task ?? '', /culprit/);
    assert.equal(
      pool.submitSync((x: number) => x + 1, 1),
      2,
    );
  }
  await pool.close();
});
