/**
 * Random numbers that can be repeated: every item draws from its own stream, made from the seed and its index.
 *
 * So the numbers do not depend on the number of workers, on chunks or on who was faster, and no two items share a
 * stream, as they would if each worker inherited the same state.
 *
 * Python: numpy.random.SeedSequence.spawn, random.seed per process (and the classic bug without it)
 */
import { context, serial, threads } from 'tutti';

const players = ['Ada', 'Ben', 'Cleo'];

function rollFiveDice(player: string): string {
  const die = () => 1 + Math.floor(context().random() * 6);
  return `${player}: ${Array.from({ length: 5 }, die).join(' ')}`;
}

const results: string[] = [];
for (const executor of [serial(), threads({ workers: 1 }), threads({ workers: 3 })]) {
  const rolls = await executor.map(players, rollFiveDice, { seed: 2026 });
  results.push(rolls.join(', '));
  await executor.close();
}
console.log(results[0]);
console.log(`the same on one worker: ${results[1] === results[0]}`);
console.log(`the same on three: ${results[2] === results[0]}`);

// A seed for the executor: each call has numbers of its own, and the whole program repeats.
const programs: string[][] = [];
for (let run = 0; run < 2; run++) {
  const pool = threads({ workers: 2, seed: 7 });
  const draw = () => context().random();
  programs.push([String(await pool.submit(draw)), String(await pool.submit(draw))]);
  await pool.close();
}
console.log(`two calls differ: ${programs[0]![0] !== programs[0]![1]}`);
console.log(`two runs agree: ${programs[0]!.join() === programs[1]!.join()}`);

// expected output:
// Ada: 6 6 6 2 3, Ben: 5 2 3 5 5, Cleo: 3 6 2 1 3
// the same on one worker: true
// the same on three: true
// two calls differ: true
// two runs agree: true
