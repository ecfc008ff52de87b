/**
 * A background task: start it, go on, and collect the result when it suits.
 *
 * A task under way keeps the process alive until it has settled, awaited or not; an idle pool does not, so this
 * program ends by itself without closing anything.
 *
 * Python: background threads and processes, daemon=True, Thread.join
 */
import { shared, submit } from 'tutti';

const finished = shared(Int32Array, 1);

const background = submit(() => {
  let sum = 0;
  for (let n = 1; n <= 5_000_000; n++) sum += 1 / (n * n);
  return sum;
});
background.finally(() => console.log('the background task has finished')).catch(console.error);

console.log('the foreground goes on');
const chores = ['tune', 'page', 'listen'];
console.log(`meanwhile: ${chores.join(', ')}`);

const basel = await background;
console.log(
  `π²/6 to six digits: ${basel.toFixed(6)} ${Math.abs(basel - Math.PI ** 2 / 6) < 1e-6 ? '✓' : '✗'}`,
);

// Nobody awaits this one. The process stays until it is done, and then ends.
submit(() => void Atomics.store(finished, 0, 1)).catch(console.error);
process.once('exit', () => console.log(`the last task ran to its end: ${finished[0] === 1}`));
console.log('nothing left to do here');

// expected output:
// the foreground goes on
// meanwhile: tune, page, listen
// the background task has finished
// π²/6 to six digits: 1.644934 ✓
// nothing left to do here
// the last task ran to its end: true
