/** Structures in shared memory against what one would write without them. */
import { threads } from 'tutti';
import { counter, f64, histogram, i32, sharedMap, struct, text } from 'tutti/structures';
import { expectEqual } from '../pool-suites.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const workers = 2;
const different = 5_000;

const wordsOf = (scale: Scale): number => (scale.smoke ? 20_000 : scale.quick ? 400_000 : 2_000_000);
const loops = (scale: Scale): number => (scale.smoke ? 2 : scale.quick ? 20 : 60);

/** The `i`-th word of a text whose frequent words are few, as in texts. */
const wordAt = (i: number): string => `w${((((i * 2_654_435_761) >>> 0) / 2 ** 32) ** 3 * different) | 0}`;

/** Milliseconds of the best of some runs, after one to warm up. */
async function bestOf(scale: Scale, run: () => Promise<void> | void): Promise<number> {
  let best = Infinity;
  for (let k = 0; k < (scale.smoke ? 1 : scale.quick ? 4 : 8); k++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** Each worker adds every word to the one map. */
async function intoSharedMap(scale: Scale): Promise<Sample> {
  const n = wordsOf(scale);
  const pool = threads({ workers });
  const wallMs = await bestOf(scale, async () => {
    const counts = sharedMap({ keys: text(8), values: i32, capacity: different });
    await pool.map([0, 1], (part) => {
      for (let i = part; i < n; i += 2) counts.add(wordAt(i));
    });
    expectEqual(
      [...counts.values()].reduce((a, b) => a + b),
      n,
    );
  });
  await pool.close();
  return { wallMs };
}

/** Each worker counts in a Map of its own and adds each sum to the one map. */
async function thenSharedMap(scale: Scale): Promise<Sample> {
  const n = wordsOf(scale);
  const pool = threads({ workers });
  const wallMs = await bestOf(scale, async () => {
    const counts = sharedMap({ keys: text(8), values: i32, capacity: different });
    await pool.map([0, 1], (part) => {
      const own = new Map<string, number>();
      for (let i = part; i < n; i += 2) {
        const word = wordAt(i);
        own.set(word, (own.get(word) ?? 0) + 1);
      }
      for (const [word, count] of own) counts.add(word, count);
    });
    expectEqual(
      [...counts.values()].reduce((a, b) => a + b),
      n,
    );
  });
  await pool.close();
  return { wallMs };
}

/** Each worker counts in a Map of its own, which travels back and is merged here. */
async function mergedMaps(scale: Scale): Promise<Sample> {
  const n = wordsOf(scale);
  const pool = threads({ workers });
  const wallMs = await bestOf(scale, async () => {
    const parts = await pool.map([0, 1], (part) => {
      const own = new Map<string, number>();
      for (let i = part; i < n; i += 2) {
        const word = wordAt(i);
        own.set(word, (own.get(word) ?? 0) + 1);
      }
      return own;
    });
    const counts = new Map<string, number>();
    for (const part of parts)
      for (const [word, count] of part) counts.set(word, (counts.get(word) ?? 0) + count);
    expectEqual(
      [...counts.values()].reduce((a, b) => a + b),
      n,
    );
  });
  await pool.close();
  return { wallMs };
}

const N = 100_000;
const DT = 0.01;
const Body = struct({ x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64, tag: i32 });

/** Microseconds of one pass over all bodies. */
async function passes(scale: Scale, pass: () => void): Promise<Sample> {
  const ms = await bestOf(scale, () => {
    for (let k = 0; k < loops(scale); k++) pass();
  });
  return { us: (ms / loops(scale)) * 1000 };
}

function plain(scale: Scale): Promise<Sample> {
  const [x, y, z, vx, vy, vz] = Array.from({ length: 6 }, () => new Float64Array(N).fill(1)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return passes(scale, () => {
    for (let i = 0; i < N; i++) {
      x[i]! += vx[i]! * DT;
      y[i]! += vy[i]! * DT;
      z[i]! += vz[i]! * DT;
    }
  });
}

function columns(scale: Scale): Promise<Sample> {
  const bodies = Body.array(N, { layout: 'columns' });
  const x = bodies.column('x');
  const y = bodies.column('y');
  const z = bodies.column('z');
  const vx = bodies.column('vx').fill(1);
  const vy = bodies.column('vy').fill(1);
  const vz = bodies.column('vz').fill(1);
  return passes(scale, () => {
    for (let i = 0; i < N; i++) {
      x[i]! += vx[i]! * DT;
      y[i]! += vy[i]! * DT;
      z[i]! += vz[i]! * DT;
    }
  });
}

function views(scale: Scale): Promise<Sample> {
  const bodies = Body.array(N);
  return passes(scale, () => {
    for (let i = 0; i < N; i++) {
      const body = bodies.at(i);
      body.x += body.vx * DT;
      body.y += body.vy * DT;
      body.z += body.vz * DT;
    }
  });
}

function movedView(scale: Scale): Promise<Sample> {
  const bodies = Body.array(N);
  const body = bodies.at(0);
  return passes(scale, () => {
    for (let i = 0; i < N; i++) {
      bodies.at(i, body);
      body.x += body.vx * DT;
      body.y += body.vy * DT;
      body.z += body.vz * DT;
    }
  });
}

/** Nanoseconds of counting one value: added one by one, all at once, and by hand in an array. */
async function counting(scale: Scale): Promise<Sample> {
  const values = Float64Array.from({ length: N }, (_, i) => ((i * 2_654_435_761) >>> 0) / 2 ** 32);
  const h = histogram({ from: 0, to: 1, bins: 100 });
  const hits = counter();
  const word = new BigInt64Array(new SharedArrayBuffer(8));
  const bins = new Float64Array(100);
  const ns = async (pass: () => void): Promise<number> => ((await passes(scale, pass))['us']! / N) * 1000;
  return {
    addNs: await ns(() => {
      for (let i = 0; i < N; i++) h.add(values[i]!);
    }),
    addAllNs: await ns(() => {
      h.addAll(values);
    }),
    byHandNs: await ns(() => {
      for (let i = 0; i < N; i++) bins[Math.floor(values[i]! * 100)]!++;
    }),
    counterNs: await ns(() => {
      for (let i = 0; i < N; i++) hits.add();
    }),
    atomicsNs: await ns(() => {
      for (let i = 0; i < N; i++) Atomics.add(word, 0, 1n);
    }),
  };
}

export const suite: Suite = {
  title: 'Structures in shared memory',
  about:
    `Counting words (${different} different ones, few of them frequent) on ${workers} threads: into one SharedMap word by word, ` +
    'first into Maps of the tasks and their sums into the SharedMap, or into Maps that travel back and are merged. One pass over ' +
    `${N} bodies (three fields changed by three others) in one thread, as records and as columns, against the loop over plain ` +
    'typed arrays. Counting values in 100 bins and in one counter, in one thread. Best of some runs.',
  rounds: { full: 7, quick: 2 },
  variants: { intoSharedMap, thenSharedMap, mergedMaps, plain, columns, views, movedView, counting },
  rows: [
    {
      label: 'words: every word into a SharedMap ÷ Maps merged',
      value: { variant: 'intoSharedMap', metric: 'wallMs' },
      over: { variant: 'mergedMaps', metric: 'wallMs' },
      unit: 'ms',
    },
    {
      label: 'words: sums of own Maps into a SharedMap ÷ Maps merged',
      value: { variant: 'thenSharedMap', metric: 'wallMs' },
      over: { variant: 'mergedMaps', metric: 'wallMs' },
      goal: { atMost: 1.1 },
      unit: 'ms',
    },
    {
      label: 'bodies: columns ÷ plain typed arrays',
      value: { variant: 'columns', metric: 'us' },
      over: { variant: 'plain', metric: 'us' },
      goal: { atMost: 1.1 },
      unit: 'µs',
    },
    {
      label: 'bodies: one view moved ÷ plain typed arrays',
      value: { variant: 'movedView', metric: 'us' },
      over: { variant: 'plain', metric: 'us' },
      unit: 'µs',
    },
    {
      label: 'bodies: a view per record ÷ plain typed arrays',
      value: { variant: 'views', metric: 'us' },
      over: { variant: 'plain', metric: 'us' },
      unit: 'µs',
    },
    {
      label: 'histogram: `addAll` ÷ counting by hand in an array',
      value: { variant: 'counting', metric: 'addAllNs' },
      over: { variant: 'counting', metric: 'byHandNs' },
      unit: '',
    },
    {
      label: 'histogram: `add` ÷ `Atomics.add` of a BigInt64Array',
      value: { variant: 'counting', metric: 'addNs' },
      over: { variant: 'counting', metric: 'atomicsNs' },
      unit: '',
    },
    {
      label: 'counter: `add` ÷ `Atomics.add` of a BigInt64Array',
      value: { variant: 'counting', metric: 'counterNs' },
      over: { variant: 'counting', metric: 'atomicsNs' },
      unit: '',
    },
  ],
};
