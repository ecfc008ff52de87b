/**
 * Roulette, 400 evenings each: does doubling the stake after every loss (the martingale) beat a flat stake?
 *
 * An evening is 200 spins on red with 18 chances in 37. Many evenings run as one map, each with random numbers of its own,
 * and the answer is the same at every run.
 *
 * Python: the tutorial's Monte Carlo betting strategies with Pool.starmap
 */
import { context, threads } from 'tutti';

const SPINS = 200;

type Strategy = (lost: boolean, stake: number) => number;

const flat: Strategy = () => 1;
const martingale: Strategy = (lost, stake) => (lost ? stake * 2 : 1);

/** The purse at the end of an evening that began with 100. */
function evening(next: Strategy): number {
  const here = context();
  let purse = 100;
  let stake = 1;
  for (let spin = 0; spin < SPINS && purse > 0; spin++) {
    const won = here.random() < 18 / 37;
    purse += won ? stake : -stake;
    stake = Math.min(next(!won, stake), Math.max(purse, 1));
  }
  return purse;
}

const pool = threads();
const evenings = Array.from({ length: 400 }, (_, k) => k);

for (const [name, strategy] of Object.entries({ flat, martingale })) {
  const purses = await pool.map(evenings, () => evening(strategy), { seed: 37 });
  const ruined = purses.filter((purse) => purse <= 0).length;
  const won = purses.filter((purse) => purse > 100).length;
  const mean = purses.reduce((a, b) => a + b) / purses.length;
  console.log(`${name}: ${won} evenings won, ${ruined} ruined, ${mean.toFixed(1)} left on average`);
}
console.log('the bank wins either way');

await pool.close();

// expected output:
// flat: 125 evenings won, 0 ruined, 93.7 left on average
// martingale: 177 evenings won, 206 ruined, 84.4 left on average
// the bank wins either way
