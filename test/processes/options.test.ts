import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { processFlags, processEnvironment } from '#src/processes/process-flags.js';
import { context, processes, WorkerCrashedError, WorkerInitError } from 'tutti';
import { rejection, until, upTo } from '../conformance/subject.ts';
import { assertNoLeaks } from '../leaks.ts';
import { root } from '../root.ts';
import { inBothModes, onLinux, timeout } from './modes.ts';

after(assertNoLeaks);

inBothModes('a heap that runs full ends its worker, and the error says what to do', async ({ open }) => {
  const pool = open({ workers: 1, resourceLimits: { maxOldGenerationSizeMb: 32 } });
  const error = await rejection(
    pool.with({ name: 'hoarder' }).submit(() => {
      let hoard: unknown;
      for (;;) hoard = { before: hoard };
    }),
  );
  assert.ok(error instanceof WorkerCrashedError, String(error));
  assert.equal(error.exitSignal, 'SIGABRT');
  assert.match(error.message, /hoarder.*SIGABRT|SIGABRT.*hoarder/);
  assert.match(error.message, /resourceLimits\.maxOldGenerationSizeMb/);
  const refusal = await rejection(pool.submit(() => Buffer.alloc(2 ** 53 - 1).length));
  assert.ok(refusal instanceof RangeError, String(refusal));
  assert.equal(await pool.submit(() => 'alive'), 'alive');
  await pool.close();
});

test('a kill from outside points to the out-of-memory killer', { timeout }, async () => {
  const { crashError } = await import('#src/executor/crash-error.js');
  const error = crashError('processes', 1, undefined, { signal: 'SIGKILL' });
  assert.match(
    error.message,
    /was killed by SIGKILL; if nobody else did it, it was the out-of-memory killer/,
  );
});

inBothModes('workers are replaced after their tasks, their memory or their idleness', async ({ open }) => {
  const spent = open({ workers: 1, maxTasksPerWorker: 3 });
  const ids = new Set<number>();
  for (let k = 0; k < 7; k++) ids.add(await spent.submit(() => context().workerId));
  assert.equal(ids.size, 3);
  await spent.close();

  const grown = open({ workers: 1, maxWorkerMemory: 150 * 2 ** 20, idleTimeoutMs: 30 });
  const before = await grown.submit(() => context().workerId);
  const kept = await grown.submit(() => {
    (globalThis as { kept?: Uint8Array }).kept = new Uint8Array(200 * 2 ** 20).fill(1);
    return context().workerId;
  });
  await until(
    'the worker is replaced or has ended',
    () => grown.stats().retired > 0 && grown.stats().alive === 0,
  );
  assert.ok(kept >= before);
  assert.notEqual(await grown.submit(() => context().workerId), kept);
  await grown.close();
});

inBothModes('env, execArgv and limits for native threads reach the workers', async ({ open }) => {
  const pool = open({
    workers: 1,
    env: { TUTTI_TEST: 'yes', MKL_NUM_THREADS: '3' },
    execArgv: ['--conditions=special'],
    resourceLimits: { maxOldGenerationSizeMb: 64, stackSizeMb: 2 },
  });
  const seen = await pool.submit(() => ({
    test: process.env['TUTTI_TEST'],
    threads: Number(process.env['OMP_NUM_THREADS']),
    mkl: process.env['MKL_NUM_THREADS'],
    flags: process.execArgv,
  }));
  assert.equal(seen.test, 'yes');
  assert.ok(seen.threads >= 1);
  assert.equal(seen.mkl, '3');
  assert.deepEqual(seen.flags, ['--conditions=special', '--max-old-space-size=64', '--stack-size=1843']);
  await pool.close();
});

test('a stack that the system does not give is refused with both sizes', onLinux, () => {
  assert.throws(() => processes({ resourceLimits: { stackSizeMb: 2 ** 20 } }), {
    name: 'RangeError',
    message:
      /^processes\(\): `resourceLimits\.stackSizeMb` is 1048576, but the system gives a process \d+ MB of stack; /,
  });
});

test('flags say how workers run, not what', { timeout }, () => {
  const inherited = [
    '--import',
    'tsx',
    '-e',
    'code()',
    '--inspect-port',
    '9',
    '--env-file',
    '.env',
    '--no-warnings',
    '-i',
  ];
  assert.deepEqual(processFlags(undefined, undefined, inherited), ['--import', 'tsx', '--no-warnings']);
  assert.deepEqual(
    processFlags(undefined, undefined, ['--input-type=module', '--eval=x', '--test', '-C', 'a']),
    ['-C', 'a'],
  );
  assert.deepEqual(processFlags(['--inspect=0'], { maxYoungGenerationSizeMb: 48 }, inherited), [
    '--inspect=0',
    '--max-semi-space-size=16',
  ]);
  const environment = processEnvironment(2, { OMP_NUM_THREADS: '7' }, { A: 'b' });
  assert.deepEqual(
    [environment['OMP_NUM_THREADS'], environment['NUMBA_NUM_THREADS'], environment['A']],
    ['7', '2', 'b'],
  );
});

inBothModes('init that fails is told, and teardown that does is a warning', async ({ open }) => {
  const broken = open({
    workers: 1,
    init: () => {
      throw new RangeError('no licence');
    },
  });
  const error = await rejection(broken.submit(() => 1));
  assert.ok(error instanceof WorkerInitError);
  assert.match(error.message, /no licence/);
  assert.ok(error.cause instanceof RangeError);
  await broken.close();

  const leaving = open({ workers: 1, init: () => process.exit(9) });
  const left = await rejection(leaving.submit(() => 1));
  assert.ok(left instanceof WorkerInitError);
  assert.equal((left.cause as WorkerCrashedError).exitCode, 9);
  await leaving.close();
});

inBothModes('what goes uncaught in a worker is the cause', async ({ open }) => {
  const pool = open({ workers: 1 });
  const late = await rejection(
    pool.submit(async () => {
      setTimeout(() => {
        throw new RangeError('late');
      }, 1);
      await new Promise(() => undefined);
    }),
  );
  const unhandled = await rejection(
    pool.submit(async () => {
      void Promise.reject(new TypeError('nobody'));
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }),
  );
  for (const [error, kind, text] of [
    [late, RangeError, 'late'],
    [unhandled, TypeError, 'nobody'],
  ] as const) {
    assert.ok(error instanceof WorkerCrashedError, String(error));
    assert.equal(error.exitCode, 1);
    assert.ok(error.cause instanceof kind, String(error.cause));
    assert.equal((error.cause as Error).message, text);
  }
  assert.deepEqual(await pool.map(upTo(3), (k) => k), upTo(3));
  await pool.close();
});

test('workers write to the output of their parent, and leave its input alone', { timeout }, () => {
  const code = `
    import { processes } from 'tutti';
    const pool = processes({ workers: 1, teardown: () => { throw new RangeError('torn'); } });
    await pool.submit(() => { console.log('out'); console.error('err'); });
    const input = await pool.submit(async () => {
      let text = '';
      for await (const chunk of process.stdin) text += chunk;
      return text;
    });
    let own = '';
    for await (const chunk of process.stdin) own += chunk;
    await pool.close();
    console.log(JSON.stringify([input, own]));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    encoding: 'utf8',
    input: 'typed',
    timeout,
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'out\n["","typed"]\n');
  assert.match(stderr, /err/);
  assert.match(stderr, /TuttiWarning: `teardown` failed on worker 1: RangeError: torn/);
});
