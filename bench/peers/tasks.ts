/** What the peers' workers run. A module of its own without dependencies, so that every pool can load it. */

export function noop(x: number): number {
  return x;
}

export function squares(xs: readonly number[]): number[] {
  return xs.map((x) => x * x);
}

export function square(x: number): number {
  return x * x;
}

export function lengthOf(array: Float64Array): number {
  return array.length;
}

/** The worker, and the megabytes of its own that it has while it holds the array and has read all of it (Linux). */
export function privateMb(array: Float64Array): [pid: number, mb: number] {
  let sum = 0;
  for (let i = 0; i < array.length; i += 256) sum += array[i] as number;
  if (array.length > 0 && sum === 0) throw new RangeError('an array of zeros has come');
  const status = process.getBuiltinModule('node:fs').readFileSync('/proc/self/status', 'utf8');
  return [process.pid, (Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6];
}

/** Kills its worker. */
export function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

/** `iterations` steps of Marsaglia's xorshift32. */
export function busy(iterations: number): number {
  let x = 1;
  for (let i = 0; i < iterations; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x >>> 0;
}
