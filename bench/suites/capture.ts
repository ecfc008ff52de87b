/** What it costs to take a function apart before it is sent. */
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const counts = (scale: Scale) => (scale.quick ? 300 : 1000);

async function timesOf(scale: Scale, make: (i: number) => (x: number) => number): Promise<Sample> {
  const { capture } = await import('#src/closure/index.js');
  const time = (i: number): number => {
    const fn = make(i);
    const start = performance.now();
    capture(fn);
    return performance.now() - start;
  };
  const firstMs = time(0);
  const warm: number[] = [];
  for (let i = 1; i <= counts(scale); i++) warm.push(time(i));
  const inspector = (process as { moduleLoadList?: string[] }).moduleLoadList?.includes(
    'NativeModule inspector',
  );
  return { firstMs, warmMs: median(warm), inspector: inspector === true ? 1 : 0 };
}

/** A new closure each time, as an arrow function in a call is, over a number that changes and a helper. */
function closure(scale: Scale): Promise<Sample> {
  const helper = (x: number): number => Math.sqrt(x) * 3;
  return timesOf(scale, (factor) => (x) => helper(x) * factor);
}

/** One and the same function each time. */
function same(scale: Scale): Promise<Sample> {
  const factor = 2;
  const helper = (x: number): number => Math.sqrt(x) * 3;
  const fn = (x: number): number => helper(x) * factor;
  return timesOf(scale, () => fn);
}

/** A new function each time, without free names. */
function plain(scale: Scale): Promise<Sample> {
  return timesOf(scale, () => (x) => x * x);
}

export const suite: Suite = {
  title: 'Capture of a function',
  about:
    'The function is captured in a fresh process: the first time with everything that is loaded for it, and then again ' +
    'and again (median). "Fresh closure" is a new closure over another value each time.',
  rounds: { full: 11, quick: 2 },
  variants: { closure, same, plain },
  rows: [
    {
      label: 'fresh closure + helper, warm',
      value: { variant: 'closure', metric: 'warmMs' },
      goal: { atMost: 1 },
      unit: 'ms',
    },
    {
      label: 'same closure + helper again, warm',
      value: { variant: 'same', metric: 'warmMs' },
      goal: { atMost: 1 },
      unit: 'ms',
    },
    {
      label: 'closure + helper, first of the process',
      value: { variant: 'closure', metric: 'firstMs' },
      goal: { atMost: 150 },
      unit: 'ms',
    },
    {
      label: 'function without free names, warm',
      value: { variant: 'plain', metric: 'warmMs' },
      unit: 'ms',
    },
    {
      label: 'function without free names, first of the process',
      value: { variant: 'plain', metric: 'firstMs' },
      unit: 'ms',
    },
    {
      label: 'function without free names: inspectors loaded',
      value: { variant: 'plain', metric: 'inspector' },
      goal: { atMost: 0 },
      unit: '',
    },
    {
      label: 'function without free names ÷ fresh closure + helper, warm',
      value: { variant: 'plain', metric: 'warmMs' },
      over: { variant: 'closure', metric: 'warmMs' },
      unit: 'ms',
    },
  ],
};
