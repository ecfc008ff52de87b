/** What a call costs on a pool: start, round trip, floods of calls that do nothing, and the memory they leave behind. */
import { load, processContenders } from './contenders.ts';
import { costOf } from './meter.ts';
import type { PeerPool } from './peers/peer.ts';
import { comparison, expectEqual, WORKERS } from './pool-suites.ts';
import { median } from './statistics.ts';
import type { Comparison, Sample, Scale } from './suite.ts';
import { treeCpuMs, treeMemoryMb } from './tree.ts';

const trips = (scale: Scale): number => (scale.smoke ? 100 : scale.quick ? 1000 : 5000);
/** Processes take longer: a quick run has time for a smaller flood. */
const flood = ({ quick, smoke }: Scale, inTree: boolean): number =>
  smoke ? 500 : !quick ? 50_000 : inTree ? 2000 : 10_000;

/** Floods in all, unless they take too long: the later half counts, when the engine has compiled what it will. */
const FLOODS = 12;
const floodsMs = ({ quick }: Scale): number => (quick ? 3000 : 10_000);

/** Start, round trips, floods; memory is what three floods leave behind. Of processes the children count, too. */
async function measure(key: string, scale: Scale): Promise<Sample> {
  const inTree = key in processContenders;
  const loading = performance.now();
  const open = await load(key);
  const start = performance.now();
  const pool = await open(WORKERS);
  expectEqual(await pool.run('square', 20), 400);
  const startMs = performance.now() - start;

  const times: number[] = [];
  for (let i = 0; i < trips(scale); i++) {
    const from = performance.now();
    await pool.run('noop', i);
    times.push((performance.now() - from) * 1000);
  }
  const sample = await floods(pool, scale, inTree);
  await pool.close();
  return {
    ...(/^(plain|fork)/.test(key) ? {} : { importMs: start - loading }),
    startMs,
    tripUs: median(times.slice(times.length >> 2)),
    ...sample,
  };
}

async function floods(pool: Pick<PeerPool, 'run'>, scale: Scale, inTree: boolean): Promise<Sample> {
  const all = [];
  let rssMb = 0;
  const until = performance.now() + floodsMs(scale);
  while (all.length < 3 || (!scale.smoke && all.length < FLOODS && performance.now() < until)) {
    all.push(await floodOnce(pool, flood(scale, inTree), inTree));
    if (all.length === 3) rssMb = inTree ? (treeMemoryMb() ?? 0) : process.memoryUsage.rss() / 1e6;
  }
  const measured = all.slice(all.length >> 1);
  const perSecond = median(measured.map((one) => one.perSecond));
  return {
    perSecond,
    perCallUs: 1e6 / perSecond,
    cpuUs: median(measured.map((one) => one.cpuUs)),
    submitUs: median(measured.map((one) => one.submitUs)),
    ...(rssMb > 0 ? { rssMb } : {}),
  };
}

/** The same floods without calls: a promise each, resolved later in this thread. No pool that gives out promises is faster. */
export function promisesAlone(scale: Scale): Promise<Sample> {
  let waiting: ((value: unknown) => void)[] = [];
  const resolveAll = (): void => {
    const calls = waiting;
    waiting = [];
    for (let i = 0; i < calls.length; i++) (calls[i] as (value: unknown) => void)(i);
  };
  const run = (): Promise<unknown> => {
    if (waiting.length === 0) setImmediate(resolveAll);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return floods({ run }, scale, false);
}

async function floodOnce(
  pool: Pick<PeerPool, 'run'>,
  count: number,
  inTree: boolean,
): Promise<{ perSecond: number; cpuUs: number; submitUs: number }> {
  let submitMs = 0;
  let results: unknown[] = [];
  const before = inTree ? treeCpuMs() : undefined;
  const cost = await costOf(async () => {
    const calls = new Array<Promise<unknown>>(count);
    const start = performance.now();
    for (let i = 0; i < count; i++) calls[i] = pool.run('noop', i);
    submitMs = performance.now() - start;
    results = await Promise.all(calls);
  });
  const cpuMs = before === undefined ? cost.cpuMs : (treeCpuMs() ?? 0) - before;
  const { wallMs } = cost;
  results.forEach(expectEqual);
  return {
    perSecond: (count / wallMs) * 1000,
    cpuUs: (cpuMs * 1000) / count,
    submitUs: (submitMs * 1000) / count,
  };
}

/** A variant per contender. */
export function callVariants(keys: readonly string[]): Record<string, (scale: Scale) => Promise<Sample>> {
  return Object.fromEntries(keys.map((key) => [key, (scale: Scale) => measure(key, scale)]));
}

/** How it is measured; the suite says who takes part. */
export const aboutCalls =
  'Two workers, a fresh process per sample. Start: from opening the pool to its first result, its package loaded ' +
  'before. Round trip: one call at a time, median of 5,000 (Python: 1,000). Flood: 50,000 calls at once (Dask and Ray: ' +
  '10,000), awaited together, up to twelve times within 10 s (Python: three times); the numbers are of the later half. CPU: user and system time of the ' +
  'process with all its threads and child processes. Cost to the caller: time in the loop that makes the calls. ' +
  'Memory: of the process and its children after three floods.';

export function callComparisons(ours: string): Comparison[] {
  const compare = (...args: [string, string, Comparison['unit'], Comparison['better']?]): Comparison => {
    const [title, metric, unit, better] = args;
    return comparison(title, metric, unit, better, ours);
  };
  return [
    compare('start to first result', 'startMs', 'ms'),
    compare('round trip', 'tripUs', 'µs'),
    compare('calls per second in a flood', 'perSecond', '/s', 'more'),
    compare('CPU per call in a flood', 'cpuUs', 'µs'),
    compare('cost of a call to its caller', 'submitUs', 'µs'),
    compare('memory after 3 floods', 'rssMb', 'MB'),
    compare('loading the package', 'importMs', 'ms'),
  ];
}
