/**
 * The dining philosophers: five of them, five forks between them, and each needs two to eat.
 *
 * If all take the fork on their left first, all wait for the one on their right, for ever. Two cures: everybody takes the fork with
 * the lower number first, so that there is no circle; or a waiter lets only four of them sit down at a time.
 *
 * Python: the dining philosophers with threading.Lock and threading.Semaphore
 */
import { context, shared, threads } from 'tutti';
import { Mutex, Semaphore } from 'tutti/sync';

const philosophers = 5;
const meals = 200;
const pool = threads({ workers: philosophers });
const forks = Array.from({ length: philosophers }, (_, i) => new Mutex({ name: `fork ${i}` }));
/** Who holds a fork, so that we see when two do: 0 is nobody. */
const inHand = shared(Int32Array, philosophers);
const eaten = shared(Int32Array, philosophers);
const clashes = shared(Int32Array, 1);

function eat(who: number, left: number, right: number) {
  for (const fork of [left, right]) if (inHand[fork] !== 0) Atomics.add(clashes, 0, 1);
  inHand[left] = inHand[right] = who + 1;
  eaten[who]! += 1;
  inHand[left] = inHand[right] = 0;
}

// First cure: an order.
await pool.broadcast(() => {
  const who = context().workerId - 1;
  const [first, second] = [who, (who + 1) % philosophers].sort((a, b) => a - b) as [number, number];
  for (let meal = 0; meal < meals; meal++) {
    forks[first]!.run(() => forks[second]!.run(() => eat(who, first, second)));
  }
});
console.log(`ordered forks: ${eaten.join(' ')}, clashes: ${clashes[0]}`);

// Second cure: a waiter. Left fork first, for all of them.
eaten.fill(0);
const waiter = new Semaphore(philosophers - 1);
await pool.broadcast(() => {
  const left = context().workerId - 1;
  const right = (left + 1) % philosophers;
  for (let meal = 0; meal < meals; meal++) {
    waiter.run(() => forks[left]!.run(() => forks[right]!.run(() => eat(left, left, right))));
  }
});
console.log(`with a waiter: ${eaten.join(' ')}, clashes: ${clashes[0]}`);
console.log(`all forks are back: ${forks.every((fork) => !fork.locked)}`);
await pool.close();

// expected output:
// ordered forks: 200 200 200 200 200, clashes: 0
// with a waiter: 200 200 200 200 200, clashes: 0
// all forks are back: true
