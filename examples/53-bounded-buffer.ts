/**
 * Producer and consumer with a bounded channel: a fast producer waits for a slow consumer.
 *
 * However much there is to send, no more than the capacity is ever in between: memory stays bounded. `close()` ends it as in Go: what
 * is in the channel is still received, then the loops of the consumers end. For numbers in large quantities there
 * is the RecordChannel, which carries millions in a second.
 *
 * Python: the bounded buffer with queue.Queue(maxsize)
 */
import { threads } from 'tutti';
import { Channel, RecordChannel } from 'tutti/sync';

const pool = threads({ workers: 2 });
const channel = new Channel<{ n: number; text: string }>(8);

const consumer = pool.submit(() => {
  let most = 0;
  let sum = 0;
  let letters = 0;
  for (const { n, text } of channel) {
    most = Math.max(most, channel.size);
    sum += n;
    letters += text.length;
  }
  return { withinBounds: most <= channel.capacity, sum, letters };
});
const producer = pool.submit(() => {
  for (let n = 1; n <= 1000; n++) channel.send({ n, text: `item ${n}` });
  channel.close();
});
await producer;
console.log(await consumer);

// A hundred thousand points, in batches: each record is x and y.
const points = new RecordChannel(Float64Array, { width: 2, capacity: 1024 });
const inCircle = pool.submit(() => {
  const batch = new Float64Array(2 * 256);
  let count = 0;
  let inside = 0;
  for (let n = points.receive(batch); n > 0; n = points.receive(batch)) {
    count += n;
    for (let i = 0; i < n; i++) if (Math.hypot(batch[2 * i]!, batch[2 * i + 1]!) < 1) inside++;
  }
  return { count, pi: ((4 * inside) / count).toFixed(3) };
});
const lattice = pool.submit(() => {
  const row = new Float64Array(2 * 316);
  for (let y = 0; y < 316; y++) {
    for (let x = 0; x < 316; x++) {
      row[2 * x] = (x + 0.5) / 316;
      row[2 * x + 1] = (y + 0.5) / 316;
    }
    points.send(row);
  }
  points.close();
});
await lattice;
console.log(await inCircle);
await pool.close();

// expected output:
// { withinBounds: true, sum: 500500, letters: 7893 }
// { count: 99856, pi: '3.142' }
