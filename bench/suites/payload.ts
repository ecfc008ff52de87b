/** What it takes to hand a large array to a worker: copied, moved, shared. */
import type { PeerPool } from '../peers/peer.ts';
import { comparison, expectEqual, poolVariants, QUICK } from '../pool-suites.ts';
import { pythonVariants } from '../python.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const length = (scale: Scale): number => (scale.smoke ? 2 ** 14 : 2 ** 23);
const calls = (scale: Scale): number => (scale.smoke ? 1 : scale.quick ? 2 : 7);

async function measure(pool: PeerPool, scale: Scale): Promise<Sample> {
  const size = length(scale);
  const fresh = (): Float64Array<ArrayBuffer> => new Float64Array(size).fill(1.5);
  const time = async (array: Float64Array, call: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    const result = await call();
    const ms = performance.now() - start;
    expectEqual(result, size);
    if (array.length === 0) moved = true;
    return ms;
  };
  let moved = false;
  const copy: number[] = [];
  const move: number[] = [];
  const share: number[] = [];
  const shared = new Float64Array(new SharedArrayBuffer(8 * size)).fill(1.5);
  for (let i = 0; i < calls(scale); i++) {
    const copied = fresh();
    copy.push(await time(copied, () => pool.run('lengthOf', copied)));
    if (pool.move !== undefined) {
      const given = fresh();
      move.push(await time(given, () => pool.move?.('lengthOf', given) as Promise<unknown>));
      if (given.length > 0) throw new RangeError('was asked to move an array and has copied it');
    }
    share.push(await time(shared, () => pool.run('lengthOf', shared)));
    // Whoever moves what it was asked to copy has no number for copies.
    if (copied.length === 0) copy.length = 0;
  }
  return {
    ...(copy.length > 0 ? { copyMs: median(copy) } : {}),
    ...(moved && move.length > 0 ? { moveMs: median(move) } : {}),
    shareMs: median(share),
  };
}

export const suite: Suite = {
  title: '64 MB to a worker',
  about:
    'A `Float64Array` of 8,388,608 numbers as the argument of a task that returns its length, new for each call: as it is ' +
    '(copied), transferred, and over shared memory. Python pickles it or maps it as its library does.',
  rounds: { full: 5, quick: 1 },
  variants: { ...poolVariants(measure), ...pythonVariants('payload') },
  quickVariants: [...QUICK, 'joblib'],
  rows: [],
  comparisons: [
    comparison('copied', 'copyMs', 'ms'),
    comparison('moved', 'moveMs', 'ms'),
    comparison('shared', 'shareMs', 'ms'),
  ],
};
