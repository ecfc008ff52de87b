/**
 * Maps inside maps: a task may open a pool of its own.
 *
 * All pools share one budget of cores: a pool opened inside a worker gets its worker's share, one level further down
 * it runs inline. So the number of threads stays within bounds however deep the code is nested.
 *
 * Python: pathos' hierarchical maps (processes of threads), joblib's nested Parallel and inner_max_num_threads
 */
import { availableParallelism } from 'node:os';
import { threads } from 'tutti';

const outer = threads({ workers: 2 });

/** A row of the multiplication table, by a pool inside the task. */
async function row(factor: number) {
  const inner = threads();
  const products = await inner.map([1, 2, 3, 4], (n) => n * factor);
  const workers = inner.workers;
  await inner.close();
  return { products, workers };
}

const rows = await outer.map([1, 2, 3], row);
for (const { products } of rows) console.log(products.join('\t'));

const share = Math.max(1, Math.floor(availableParallelism() / outer.workers));
console.log(`each kept to its share: ${rows.every(({ workers }) => workers <= share)}`);

// Three levels deep: the innermost calls run inline.
const total = await outer.submit(async () => {
  const middle = threads();
  const sums = await middle.map([10, 20], async (tens) => {
    const innermost = threads();
    const numbers = await innermost.map([1, 2, 3], (n) => tens + n);
    return numbers.reduce((a, b) => a + b);
  });
  await middle.close();
  return sums.reduce((a, b) => a + b);
});
console.log(`three levels: ${total}`);

await outer.close();

// expected output:
// 1	2	3	4
// 2	4	6	8
// 3	6	9	12
// each kept to its share: true
// three levels: 102
