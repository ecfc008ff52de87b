/**
 * A pipe: two workers talk to each other, past the thread that started them.
 *
 * Each has one end; what one sends, the other receives, in order. Values are copied, objects and classes included.
 * Closing an end ends both directions: what is on its way still arrives.
 *
 * Python: multiprocessing.Pipe
 */
import { threads } from 'tutti';
import { ChannelClosedError, pipe } from 'tutti/sync';

const pool = threads({ workers: 2 });
const [left, right] = pipe<{ n: number }, string>();

const server = pool.submit(() => {
  let served = 0;
  for (const { n } of right) {
    right.send(`${n} squared is ${n * n}`);
    served++;
  }
  return served;
});
const client = pool.submit(() => {
  const answers: string[] = [];
  for (const n of [3, 5, 7]) {
    left.send({ n });
    answers.push(left.receive());
  }
  left.close();
  return answers;
});
console.log((await client).join('\n'));
console.log(`served: ${await server}`);

try {
  await left.sendAsync({ n: 1 });
} catch (error) {
  if (error instanceof ChannelClosedError) console.log(error.message);
}

// The main thread has an end like any other, and awaits.
const [here, there] = pipe<string>();
const echo = pool.submit(() => {
  there.send(there.receive().toUpperCase());
});
await here.sendAsync('shout');
console.log(await here.receiveAsync());
await echo;
await pool.close();

// expected output:
// 3 squared is 9
// 5 squared is 25
// 7 squared is 49
// served: 3
// cannot put anything into Channel: it is closed
// SHOUT
