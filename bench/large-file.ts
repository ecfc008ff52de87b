/**
 * A file larger than memory, worked on by threads: `node .build/bench/large-file.js [gigabytes]`, on Node 22 or later.
 *
 * The file is sparse, so it takes no disk; what it shows is how much private memory the process takes (RssAnon, Linux only).
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mapFile, shared, threads } from 'tutti';

const length = Number(process.argv[2] ?? 6) * 125_000_000;
const folder = mkdtempSync(join(tmpdir(), 'tutti-large-'));
const path = join(folder, 'numbers.f64');
const fd = openSync(path, 'w');
ftruncateSync(fd, 8 * length);
closeSync(fd);

const privateMb = (): number =>
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

async function measure(what: string, run: () => Promise<unknown>, part = 1): Promise<void> {
  const before = privateMb();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, privateMb())), 20);
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1000;
  clearInterval(timer);
  const rate = (8 * length * part) / 1e9 / seconds;
  console.log(
    `${what.padEnd(36)} ${seconds.toFixed(1).padStart(6)} s  ${rate.toFixed(2).padStart(5)} GB/s  ` +
      `${(most - before).toFixed(0).padStart(5)} MB private more than before`,
  );
}

try {
  await using pool = threads();
  const numbers = mapFile(path, Float64Array);
  await pool.broadcast(() => 0);
  console.log(
    `${(8 * length) / 1e9} GB, ${pool.workers} workers, ${privateMb().toFixed(0)} MB private before`,
  );
  const positive = shared(Int32Array, 1);
  const block = 1_000_000;
  const sumOf = (from: number): number => {
    let sum = 0;
    for (let k = from; k < from + block; k++) sum += numbers[k]!;
    return sum;
  };
  const starts = Array.from({ length: length / block }, (_, i) => i * block);
  await measure('for, over a captured file', () =>
    pool.for(length / block, (i) => void Atomics.add(positive, 0, sumOf(i * block))),
  );
  await measure('map of blocks of a captured file', () => pool.map(starts, sumOf));
  await measure('reduce over its numbers', () => pool.reduce(numbers, (a, b) => a + b, 0));
  const tenth = numbers.subarray(length * 0.9);
  const count = (x: number): void => {
    if (x > 0) Atomics.add(positive, 0, 1);
  };
  await measure('forEach over a tenth of them', () => pool.forEach(tenth, count), 0.1);
} finally {
  rmSync(folder, { recursive: true });
}
