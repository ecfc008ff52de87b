/** What a call to an actor costs, beside a call of a function on the same pool. */
import type { Executor } from 'tutti';
import { expectEqual, WORKERS } from '../pool-suites.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

class Register {
  #sum = 0;
  add(n: number): number {
    return (this.#sum += n);
  }
  async addLater(n: number): Promise<number> {
    return (this.#sum += n);
  }
}

/** Long rows: a short one can pass before the kernel has given caller and worker a core each. */
const trips = (scale: Scale): number => (scale.smoke ? 100 : scale.quick ? 8000 : 40_000);
const flood = (scale: Scale): number => (scale.smoke ? 200 : scale.quick ? 5000 : 20_000);
/** Both kinds of call take turns, so that whatever else the machine does falls on both. */
const ROUNDS = 8;

/** Median time of a call that is awaited before the next. */
async function tripUs(count: number, call: (n: number) => PromiseLike<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const from = performance.now();
    await call(n);
    times.push((performance.now() - from) * 1000);
  }
  return median(times.slice(times.length >> 2));
}

async function floodUs(count: number, call: (n: number) => PromiseLike<unknown>): Promise<number> {
  const from = performance.now();
  await Promise.all(Array.from({ length: count }, (_, n) => call(n)));
  return ((performance.now() - from) * 1000) / count;
}

async function measure(
  scale: Scale,
  open: (library: typeof import('tutti'), workers: number) => Executor,
): Promise<Sample> {
  const pool = open(await import('tutti'), WORKERS);
  const start = performance.now();
  const register = await pool.actor(Register);
  expectEqual(await register.add(0), 0);
  const startMs = performance.now() - start;
  const identity = (n: number): number => n;
  const identityLater = async (n: number): Promise<number> => n;
  const calls = {
    submit: (n: number) => pool.submit(identity, n),
    actor: (n: number) => register.add(n),
    submitAsync: (n: number) => pool.submit(identityLater, n),
    async: (n: number) => register.addLater(n),
  };
  const trip: Record<keyof typeof calls, number[]> = { submit: [], actor: [], submitAsync: [], async: [] };
  const floods: Record<keyof typeof calls, number[]> = { submit: [], actor: [], submitAsync: [], async: [] };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      trip[name].push(await tripUs(Math.ceil(trips(scale) / ROUNDS), calls[name]));
      floods[name].push(await floodUs(Math.ceil(flood(scale) / ROUNDS), calls[name]));
    }
  }
  expectEqual(await pool.submit(identity, 1), 1);
  await pool.close();
  const later = (all: number[]): number => median(all.slice(ROUNDS >> 1));
  return {
    startMs,
    submitTripUs: later(trip.submit),
    actorTripUs: later(trip.actor),
    submitAsyncTripUs: later(trip.submitAsync),
    asyncTripUs: later(trip.async),
    submitUs: later(floods.submit),
    actorUs: later(floods.actor),
    submitAsyncUs: later(floods.submitAsync),
    asyncUs: later(floods.async),
  };
}

const titles = { threads: '`threads()`', processes: '`processes()`' } as const;

function rowsOf(variant: keyof typeof titles): Suite['rows'] {
  const over = (metric: string) => ({ variant, metric });
  const on = titles[variant];
  return [
    {
      label: `round trip of a method ÷ of \`submit\`, ${on}`,
      value: over('actorTripUs'),
      over: over('submitTripUs'),
      unit: 'µs',
      goal: { atMost: 1.2 },
    },
    {
      label: `round trip of an asynchronous method ÷ of \`submit\` of an asynchronous function, ${on}`,
      value: over('asyncTripUs'),
      over: over('submitAsyncTripUs'),
      unit: 'µs',
    },
    {
      label: `time per call in a flood, one actor ÷ \`submit\` on ${WORKERS} workers, ${on}`,
      value: over('actorUs'),
      over: over('submitUs'),
      unit: 'µs',
    },
    {
      label: `the same for asynchronous ones, ${on}`,
      value: over('asyncUs'),
      over: over('submitAsyncUs'),
      unit: 'µs',
    },
    { label: `the first actor, to its first result, ${on}`, value: over('startMs'), unit: 'ms' },
  ];
}

export const suite: Suite = {
  title: 'Calls to actors',
  about:
    'One actor on a worker of its own, one number in and one out, beside `submit` of a function that returns its argument, on the ' +
    `same pool of ${WORKERS} workers; the asynchronous ones wait for nothing. Round trips: median of calls that are awaited one after the other. Floods: all calls at ` +
    'once. The kinds take turns in each process; the later half of the rounds counts.',
  rounds: { full: 5, quick: 2 },
  variants: {
    threads: (scale) => measure(scale, ({ threads }, workers) => threads({ workers })),
    processes: (scale) => measure(scale, ({ processes }, workers) => processes({ workers })),
  },
  rows: [...rowsOf('threads'), ...rowsOf('processes')],
};
