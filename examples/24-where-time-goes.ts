/**
 * Where the time goes: the phases of a task measured inside the worker, and the pool's own figures.
 *
 * A task can carry a stopwatch along like any other value and return what it showed; `stats()` tells what the workers
 * did. The times themselves go to stderr; what is printed is what must hold on every machine.
 *
 * Python: timing and line profiling (time.perf_counter, cProfile, line_profiler's @profile)
 */
import { threads } from 'tutti';

/** Measures named phases. */
class Stopwatch {
  readonly phases = new Map<string, number>();

  measure<R>(phase: string, work: () => R): R {
    const start = performance.now();
    const result = work();
    this.phases.set(phase, (this.phases.get(phase) ?? 0) + performance.now() - start);
    return result;
  }
}

function analyse(size: number): Stopwatch {
  const watch = new Stopwatch();
  const numbers = watch.measure('generate', () => Array.from({ length: size }, (_, i) => (i * 7919) % size));
  const sorted = watch.measure('sort', () => numbers.toSorted((a, b) => a - b));
  watch.measure('check', () => sorted.every((n, i) => n === i));
  return watch;
}

const pool = threads({ workers: 2 });
const watches = await pool.map([20_000, 20_000, 20_000, 20_000], analyse);

const totals = new Map<string, number>();
for (const { phases } of watches) {
  for (const [phase, ms] of phases) totals.set(phase, (totals.get(phase) ?? 0) + ms);
}
for (const [phase, ms] of totals) console.error(`${phase}: ${ms.toFixed(2)} ms`);
console.log(`phases: ${[...totals.keys()].join(', ')}`);

console.log(`every phase took time: ${[...totals.values()].every((ms) => ms > 0)}`);

const { tasks, completed, failed, crashed } = pool.stats();
console.log(`calls: ${tasks.done}, items: ${completed}, failed: ${failed}, workers lost: ${crashed}`);

await pool.close();

// expected output:
// phases: generate, sort, check
// every phase took time: true
// calls: 1, items: 4, failed: 0, workers lost: 0
