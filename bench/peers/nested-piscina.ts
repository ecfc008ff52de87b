/** piscina inside of piscina: a task that runs its items on a pool of the worker's own. */
import { Piscina } from 'piscina';
import { urlOf } from './peer.ts';

let inner: Piscina | undefined;

export async function sumOfBusy([count, iterations]: readonly [number, number]): Promise<number> {
  inner ??= new Piscina({ filename: urlOf('tasks.js').href, minThreads: 2, maxThreads: 2 });
  const pool = inner;
  const results = await Promise.all(
    Array.from({ length: count }, () => pool.run(iterations, { name: 'busy' }) as Promise<number>),
  );
  return results.reduce((a, b) => a + b, 0);
}

/** The outer pool. */
export function openNested(workers: number): {
  sumOfBusy(count: number, iterations: number): Promise<number>;
  close(): Promise<unknown>;
} {
  const pool = new Piscina({ filename: import.meta.url, minThreads: workers, maxThreads: workers });
  return {
    sumOfBusy: (count, iterations) => pool.run([count, iterations], { name: 'sumOfBusy' }) as Promise<number>,
    close: () => pool.destroy(),
  };
}
