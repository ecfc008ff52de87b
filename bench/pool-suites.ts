/** What the suites that run every contender have in common. */
import { contenders, labelOf, load, processContenders } from './contenders.ts';
import type { PeerPool } from './peers/peer.ts';
import { pythonLabels } from './python.ts';
import type { Comparison, Sample, Scale } from './suite.ts';

/** Workers of every contender: the comparisons are made for two cores. */
export const WORKERS = 2;

/** Names of all contenders for the tables, Python's included. */
export const labels: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries({ ...contenders, ...processContenders }).map(([key, peer]) => [key, labelOf(peer)]),
  ),
  ...pythonLabels,
  promises: 'promises alone, resolved later, and no call: the limit of a thread that gives them out',
};

/** A variant per contender that opens its pool, warms both workers up and measures. */
export function poolVariants(
  measure: (pool: PeerPool, scale: Scale) => Promise<Sample>,
  keys: readonly string[] = Object.keys(contenders),
): Record<string, (scale: Scale) => Promise<Sample>> {
  const variant = (key: string) => async (scale: Scale) => {
    const pool = await (await load(key))(WORKERS);
    await Promise.all(Array.from({ length: 200 }, (_, i) => pool.run('noop', i)));
    const sample = await measure(pool, scale);
    await pool.close();
    return sample;
  };
  return Object.fromEntries(keys.map((key) => [key, variant(key)]));
}

/** One setting of each package: what a quick run has time for. */
export const QUICK: readonly string[] = [
  'tutti',
  'piscina64',
  'tinypool64',
  'workerpool',
  'poolifier',
  'multithreading',
  'jestWorker',
  'plain',
  'plainBatched',
];

export function comparison(
  title: string,
  metric: string,
  unit: Comparison['unit'],
  better: Comparison['better'] = 'less',
  ours = 'tutti',
): Comparison {
  return { title, metric, unit, better, ours, labels };
}

/** Throws unless the results are those wanted. */
export function expectEqual(value: unknown, wanted: unknown): void {
  if (value !== wanted) throw new RangeError(`wrong result: ${String(value)} instead of ${String(wanted)}`);
}
