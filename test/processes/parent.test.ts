/** However a program ends, its worker processes end with it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { until } from '../conformance/subject.ts';
import { root } from '../root.ts';
import { lives, onLinux, processesWith, stateOf, timeout } from './modes.ts';

const MARK = 'TUTTI_TEST_PARENT';

const marks: string[] = [];

afterEach(() => {
  // Of a test that has failed, programs and workers may be left; they would hold this file's pipes open. Trackers end by
  // themselves, and have something to remove before.
  for (const mark of marks.splice(0)) for (const pid of processesWith(MARK, mark)) end(pid);
});

function end(pid: number): void {
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('tutti-tracker'))
      process.kill(pid, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error; // it has ended meanwhile
  }
}

interface Running {
  readonly mark: string;
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<number | null>;
  out(): string;
}

/** Starts a program whose worker processes can be found by a mark in their environment. */
function start(code: string): Running {
  const mark = `${process.pid}-${Math.random()}`;
  marks.push(mark);
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    env: { ...process.env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { mark, child, ended, out: () => out };
}

/** The ids of worker processes that a program has printed. */
async function pids({ out }: Running): Promise<number[]> {
  await until('the workers run', () => out().includes('\n'));
  return JSON.parse(out().split('\n')[0] as string) as number[];
}

const computing = `
  import { processes, segment } from 'tutti';
  const pools = [processes({ workers: 1 }), processes({ workers: 1, sharedMemory: false })];
  globalThis.kept = segment(1 << 16);
  const pids = [];
  for (const pool of pools) {
    pids.push(await pool.submit(() => process.pid));
    pool.submit(() => { for (;;); }).catch(() => undefined);
  }
  setTimeout(() => console.log(JSON.stringify(pids)), 30);`;

const segments = (): string[] => readdirSync('/dev/shm').filter((name) => name.startsWith('tutti-'));

for (const stopped of [false, true])
  test(
    `a program that is killed leaves nothing, its workers ${stopped ? 'stopped' : 'in a loop'}`,
    onLinux,
    async () => {
      const program = start(computing);
      const workers = await pids(program);
      assert.ok(workers.every((pid) => lives(pid)));
      const maps = readFileSync(`/proc/${program.child.pid}/maps`, 'utf8');
      const mine = [...maps.matchAll(/\/dev\/shm\/(tutti-\w+)/g)].map(([, name]) => name as string);
      assert.ok(mine.length > 0);
      if (stopped) for (const pid of workers) process.kill(pid, 'SIGSTOP');
      program.child.kill('SIGKILL');
      await program.ended;
      await until('the workers are gone', () => !workers.some((pid) => lives(pid)));
      await until('nothing of the program is left', () => processesWith(MARK, program.mark).length === 0);
      await until('its segments are gone', () => !segments().some((name) => mine.includes(name)));
    },
  );

test('process.exit() in the middle of tasks ends the workers', onLinux, async () => {
  const program = start(`${computing}\nsetTimeout(() => process.exit(3), 60);`);
  const workers = await pids(program);
  assert.equal(await program.ended, 3);
  await until('the workers are gone', () => !workers.some((pid) => lives(pid)));
});

test(
  'a program with idle pools that nobody closed ends by itself, and its workers with it',
  onLinux,
  async () => {
    const program = start(`
    import { processes, reusable } from 'tutti';
    const pids = [];
    for (const pool of [processes({ workers: 1 }), processes({ workers: 1, sharedMemory: false }), reusable({ workers: 1 })])
      pids.push(await pool.submit(() => process.pid), pool.submitSync(() => process.pid));
    console.log(JSON.stringify([...new Set(pids)]));`);
    const workers = await pids(program);
    assert.equal(workers.length, 3);
    assert.equal(await program.ended, 0);
    await until('the workers are gone', () => !workers.some((pid) => lives(pid)));
  },
);

test('another shell takes over when the one that watches is killed', onLinux, async () => {
  const program = start(computing.replace('JSON.stringify(pids)', 'JSON.stringify([process.pid, ...pids])'));
  const [parent, ...workers] = (await pids(program)) as [number, ...number[]];
  const shells = (): number[] =>
    readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== '' && !workers.includes(Number(pid)))
      .map(Number)
      .filter((pid) => lives(pid) && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sh');
  const [shell] = shells();
  assert.ok(shell !== undefined && stateOf(shell) !== undefined);
  process.kill(shell, 'SIGKILL');
  await until('there is another shell', () => shells().some((pid) => pid !== shell));
  assert.ok(workers.every((pid) => lives(pid)));
  program.child.kill('SIGKILL');
  await program.ended;
  await until('the workers are gone', () => !workers.some((pid) => lives(pid)));
});

test('a worker thread that ends takes the processes of its pools along', { timeout }, async () => {
  const program = start(`
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(\`
      import('tutti').then(async ({ processes }) => {
        const pool = processes({ workers: 1 });
        const pid = await pool.submit(() => process.pid);
        pool.submit(() => { for (;;); }).catch(() => undefined);
        const { parentPort } = await import('node:worker_threads');
        setTimeout(() => parentPort.postMessage(pid), 30);
      });\`, { eval: true });
    worker.on('message', async (pid) => {
      await worker.terminate();
      console.log(JSON.stringify([pid]));
      setTimeout(() => undefined, 60_000);
    });`);
  const workers = await pids(program);
  await until('the workers are gone', () => !workers.some((pid) => lives(pid)));
  program.child.kill('SIGKILL');
  await program.ended;
});
