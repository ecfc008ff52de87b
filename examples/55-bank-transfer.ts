/**
 * Bank transfers: two locks at once, always in the same order, and the sum of all accounts stays what it was.
 *
 * A transfer from a to b and one from b to a, each with its own account locked first, would wait for each other for ever. With
 * `TUTTI_DEBUG=sync` such a circle ends with a DeadlockError that names both threads, what they hold and where they took it;
 * the second part of this program shows it, in a process of its own. Without, it would wait: a time limit shows it, too.
 *
 * Python: deadlock with two threading.Locks, and its cure
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { shared, threads } from 'tutti';
import { Barrier, DeadlockError, Mutex } from 'tutti/sync';

const pool = threads({ workers: 2 });
const locks = Array.from({ length: 4 }, (_, i) => new Mutex({ name: `account ${i}` }));

if (process.argv[2] === 'wrong order') {
  // Both hold their first lock before either asks for its second.
  const both = new Barrier(2);
  const wrong = (from: number, to: number) =>
    locks[from]!.run(() => {
      both.wait();
      locks[to]!.run(() => 0);
    });
  const ends = await Promise.allSettled([pool.submit(wrong, 0, 1), pool.submit(wrong, 1, 0)]);
  for (const end of ends) {
    // One of the two is told, and lets go: so the other one gets through.
    if (end.status === 'rejected' && end.reason instanceof DeadlockError) console.log(end.reason.message);
  }
  await pool.close();
} else {
  const balance = shared(Int32Array, [100, 100, 100, 100]);
  const transfer = (from: number, to: number, amount: number) => {
    const [first, second] = from < to ? [from, to] : [to, from];
    return locks[first]!.run(() =>
      locks[second]!.run(() => {
        if (balance[from]! < amount) return false;
        balance[from]! -= amount;
        balance[to]! += amount;
        return true;
      }),
    );
  };
  await pool.map(
    Array.from({ length: 2000 }, (_, n) => n),
    (n) => transfer(n % 4, (n + 1 + (n % 3)) % 4, 1 + (n % 50)),
  );
  const sum = balance.reduce((a, b) => a + b);
  console.log(`sum: ${sum}, nobody is in debt: ${balance.every((one) => one >= 0)}`);
  await pool.close();

  const self = fileURLToPath(import.meta.url);
  const env = { ...process.env, TUTTI_DEBUG: 'sync' };
  const { stdout } = spawnSync(process.execPath, [...process.execArgv, self, 'wrong order'], {
    env,
    encoding: 'utf8',
  });
  // Numbers of threads and places differ: what is left are the lines that say who waits for what.
  const lines = stdout
    .split('\n')
    .filter((line) => /waits for|holds|deadlock/.test(line))
    .map((line) => line.replace(/thread \d+/, 'thread …').replace(/, taken$/, ''));
  console.log(lines[0]);
  // In which order the two come is chance.
  const [, a, b, c, d] = lines;
  for (const pair of [`${a}\n${b}`, `${c}\n${d}`].sort()) console.log(pair);
}

// expected output:
// sum: 400, nobody is in debt: true
// deadlock: 2 threads wait for each other in a circle; take locks in one order everywhere
// thread … waits for Mutex "account 0"
//   holds Mutex "account 1"
// thread … waits for Mutex "account 1"
//   holds Mutex "account 0"
