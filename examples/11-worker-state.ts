/**
 * State per worker: `init` runs once in each worker before its first task, `teardown` before it ends.
 *
 * What is dear to build (a connection, a model, a table) is built there, kept on `globalThis`, and used by every task of
 * that worker. `await using` closes the pool at the end of the block, and with it every worker.
 *
 * Python: multiprocessing.Pool(initializer=…, initargs=…), threading.local, with Pool() as pool
 */
import { shared, threads } from 'tutti';

declare global {
  var squareRoots: Map<number, number> | undefined;
}

const opened = shared(Int32Array, 1);
const closed = shared(Int32Array, 1);

async function main(): Promise<void> {
  await using pool = threads({
    workers: 2,
    init: () => {
      globalThis.squareRoots = new Map(Array.from({ length: 100 }, (_, n) => [n * n, n]));
      Atomics.add(opened, 0, 1);
    },
    teardown: () => {
      globalThis.squareRoots = undefined;
      Atomics.add(closed, 0, 1);
    },
  });

  const roots = await pool.map([144, 81, 50, 4], (n) => globalThis.squareRoots?.get(n) ?? 'none');
  console.log(`roots: ${roots.join(' ')}`);

  const sizes = await pool.broadcast(() => globalThis.squareRoots?.size);
  console.log(`tables: ${sizes.join(' ')}, built ${opened[0]} times`);
  console.log(`here there is none: ${globalThis.squareRoots === undefined}`);
}

await main();
console.log(`torn down: ${closed[0]}`);

// expected output:
// roots: 12 9 none 2
// tables: 100 100, built 2 times
// here there is none: true
// torn down: 2
