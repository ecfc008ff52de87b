/** Time of mapping a tiny function over many numbers: what the whole machinery costs per item. */
import { threads, usableCores } from 'tutti';
import { steadyCost } from '../meter.ts';
import type { Row, Sample, Scale, Suite } from '../suite.ts';

const n = 1_000_000;
const numbers = (): number[] => Array.from({ length: n }, (_, i) => i);
const calls = (scale: Scale) => (scale.quick ? 7 : 25);
const warmUps = 5;

function check(result: ArrayLike<number>): void {
  if (result.length !== n || result[n - 1] !== (n - 1) ** 2) throw new RangeError('wrong squares');
}

async function push(scale: Scale): Promise<Sample> {
  const xs = numbers();
  const f = (x: number): number => x * x;
  const loop = (): void => {
    const out: number[] = [];
    for (const x of xs) out.push(f(x));
    check(out);
  };
  return steadyCost(loop, warmUps, calls(scale));
}

async function preallocated(scale: Scale): Promise<Sample> {
  const xs = numbers();
  const f = (x: number): number => x * x;
  const loop = (): void => {
    const out = new Array<number>(xs.length);
    for (let i = 0; i < xs.length; i++) out[i] = f(xs[i] as number);
    check(out);
  };
  return steadyCost(loop, warmUps, calls(scale));
}

async function arrayMap(scale: Scale): Promise<Sample> {
  const xs = numbers();
  const f = (x: number): number => x * x;
  return steadyCost(() => check(xs.map(f)), warmUps, calls(scale));
}

async function onPool(scale: Scale, items: ArrayLike<number>, f: (x: number) => number): Promise<Sample> {
  const pool = threads({ workers: usableCores() });
  const cost = await steadyCost(async () => check(await pool.map(items, f)), warmUps, calls(scale));
  await pool.close();
  return cost;
}

const onThreads = (scale: Scale): Promise<Sample> => onPool(scale, numbers(), (x) => x * x);
const typed = (scale: Scale): Promise<Sample> => onPool(scale, Float64Array.from(numbers()), (x) => x * x);

/** A loop is more than arithmetic: the function has to run on workers, and its numbers have to travel. */
const sent = (scale: Scale): Promise<Sample> =>
  onPool(scale, numbers(), (x) => {
    for (;;) return x * x;
  });

export const suite: Suite = {
  title: '`map` over 1,000,000 numbers, `x => x * x`',
  about:
    'CPU time of the whole process (user and system, all threads) for one call after five warm-up calls, ' +
    'against loops that collect the results in an array, with the same warm-up. The pool keeps work that is shorter than ' +
    'its transport in the calling thread; the last rows keep it from doing so.',
  rounds: { full: 11, quick: 2 },
  variants: { push, preallocated, arrayMap, threads: onThreads, typed, sent },
  rows: [
    ratio(
      'CPU of `pool.map` ÷ `const out = []; for (const x of xs) out.push(f(x))`',
      'threads',
      'push',
      'cpuMs',
      1.15,
    ),
    ratio('CPU of `pool.map` ÷ loop into a preallocated array', 'threads', 'preallocated', 'cpuMs', 1.15),
    ratio('CPU of `pool.map` ÷ `xs.map(f)`', 'threads', 'arrayMap', 'cpuMs', 1.15),
    ratio(
      'CPU of `pool.map` of a Float64Array ÷ loop into a preallocated array',
      'typed',
      'preallocated',
      'cpuMs',
      1.15,
    ),
    ratio(
      'wall time of `pool.map` ÷ loop into a preallocated array',
      'threads',
      'preallocated',
      'wallMs',
      1.15,
    ),
    ratio('wall time of `pool.map` ÷ the `push` loop', 'threads', 'push', 'wallMs', 1),
    ratio('wall time of `pool.map` of a Float64Array ÷ the `push` loop', 'typed', 'push', 'wallMs', 1),
    ratio(
      'CPU of the first call, workers started in it if need be ÷ first run of the `push` loop',
      'threads',
      'push',
      'firstCpuMs',
    ),
    ratio('CPU of `pool.map`, kept from running inline ÷ the `push` loop', 'sent', 'push', 'cpuMs'),
    ratio('wall time of `pool.map`, kept from running inline ÷ the `push` loop', 'sent', 'push', 'wallMs'),
  ],
};

function ratio(label: string, variant: string, over: string, metric: string, atMost?: number): Row {
  const row = { label, value: { variant, metric }, over: { variant: over, metric }, unit: 'ms' } as const;
  return atMost === undefined ? row : { ...row, goal: { atMost } };
}
