/**
 * Reactive streams: stages joined by async iterables, each with its own parallelism and back pressure.
 *
 * A slow stage holds the ones before it back: no stage reads further ahead than its window. When the consumer has
 * enough, everything upstream stops, the source included.
 *
 * Python: the tutorial's reactive streams (RxPY's map, filter, take), asyncio's async generators
 */
import { setImmediate as turn } from 'node:timers/promises';
import { threads } from 'tutti';

const pool = threads({ workers: 2 });

/** A sensor without end. */
async function* sensor(): AsyncGenerator<number> {
  try {
    for (let tick = 0; ; tick++) {
      await turn();
      yield (tick * 53) % 100;
    }
  } finally {
    console.log('sensor switched off');
  }
}

/** Means of neighbouring pairs, in this thread. */
async function* pairs(values: AsyncIterable<number>): AsyncGenerator<number> {
  let before: number | undefined;
  for await (const value of values) {
    if (before !== undefined) yield (before + value) / 2;
    before = value;
  }
}

const celsius = pool.stream(sensor(), (raw) => raw / 2 - 10, { window: 8 });
const smooth = pairs(celsius);
const labels = pool.stream(smooth, (t) => `${t.toFixed(2)} °C ${t > 7 ? 'warm' : 'cool'}`, { window: 8 });

let shown = 0;
for await (const label of labels) {
  console.log(label);
  if (++shown === 5) break;
}

await pool.close();

// expected output:
// 3.25 °C cool
// 4.75 °C cool
// 6.25 °C cool
// 7.75 °C warm
// 9.25 °C warm
// sensor switched off
