/**
 * Select: take from whichever of several channels has something first.
 *
 * A worker serves ordinary and urgent requests, and a third channel tells it to stop. `select` takes exactly one value, and says from
 * where; a channel that is closed and empty is reported as done, and left out from then on.
 *
 * Python: select.select, multiprocessing.connection.wait, asyncio.wait(FIRST_COMPLETED)
 */
import { threads } from 'tutti';
import { Channel, select, selectAsync, WaitTimeoutError } from 'tutti/sync';

const pool = threads({ workers: 3 });
const urgent = new Channel<string>();
const ordinary = new Channel<string>();

const server = pool.submit(() => {
  const seen: string[] = [];
  let open: Channel<string>[] = [urgent, ordinary];
  while (open.length > 0) {
    const { index, value, done } = select(open);
    const from = open[index]!;
    if (done) open = open.filter((one) => one !== from);
    else seen.push(`${from === urgent ? 'urgent' : 'ordinary'}: ${value}`);
  }
  return seen.sort();
});
await Promise.all([
  pool.submit(() => {
    for (const text of ['water the plants', 'sweep']) ordinary.send(text);
    ordinary.close();
  }),
  pool.submit(() => {
    urgent.send('the house is on fire');
    urgent.close();
  }),
]);
for (const line of await server) console.log(line);

// The main thread awaits. Here a stop signal comes beside the data.
const data = new Channel<number>();
const stop = new Channel<string>(1);
const source = pool.submit(() => {
  for (let n = 1; n <= 3; n++) data.send(n * n);
  // Not before all has been received.
  while (data.size > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  stop.send('that was all');
});
for (;;) {
  const { index, value } = await selectAsync([data, stop]);
  console.log(`${index === 0 ? 'data' : 'stop'}: ${value}`);
  if (index === 1) break;
}
await source;

// Nothing comes: a limit.
const late = await selectAsync([data, stop], { timeoutMs: 20 }).catch((reason: unknown) => reason);
console.log(`nothing within 20 ms: ${late instanceof WaitTimeoutError}`);
await pool.close();

// expected output:
// ordinary: sweep
// ordinary: water the plants
// urgent: the house is on fire
// data: 1
// data: 4
// data: 9
// stop: that was all
// nothing within 20 ms: true
