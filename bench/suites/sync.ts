/** Locks, turns and channels between two threads, beside bare atomics, Node's ports, Python and Go. */
import { go } from '../go.ts';
import { python } from '../python.ts';
import type { Comparison, Row, Scale, Suite } from '../suite.ts';
import { throughput, throughputLabels } from '../sync/throughput.ts';
import { turnLabels, turnVariants } from '../sync/turns.ts';
import { uncontended, uncontendedLabels } from '../sync/uncontended.ts';

/** Variants of `bench/python/sync.py`. */
const pythonLabels = {
  pyLock: 'Python `threading.Lock`',
  pyRLock: 'Python `threading.RLock`',
  pySemaphore: 'Python `threading.Semaphore`',
  pyTurns: 'Python, two `threading.Semaphore`s',
  pyCondition: 'Python `threading.Condition`',
  pyEvents: 'Python, two `threading.Event`s',
  pyBarrier: 'Python `threading.Barrier(2)`',
  pyQueue: 'Python `queue.Queue` of numbers',
  pySimpleQueue: 'Python `queue.SimpleQueue` of numbers, which has no bound',
} as const;
const pythonVariants = Object.fromEntries(
  Object.keys(pythonLabels).map((key) => [key, async (scale: Scale) => python('sync', key, scale)]),
);

/** Variants of `bench/go/sync.go`. */
const goLabels = {
  goMutex: 'Go `sync.Mutex`',
  goTurns: 'Go, two channels without places, between goroutines',
  goThreadTurns: 'Go, two channels without places, between threads',
  goChannel: 'Go `chan int` between goroutines',
  goBatches: 'Go channel of slices of 1,024 records between goroutines',
} as const;
const goVariants = Object.fromEntries(
  Object.keys(goLabels).map((key) => [key, async (scale: Scale) => go('sync', key, scale)]),
);
const { goMutex, goTurns, goThreadTurns, ...goChannels } = goLabels;

const { bareRounds, barrier, ...handOverLabels } = turnLabels;
const { pyLock, pyRLock, pySemaphore, pyTurns, pyCondition, pyEvents, pyBarrier, ...pythonQueues } =
  pythonLabels;

const over = (label: string, metric: string, variant: string, other: string, unit: Row['unit']): Row => ({
  label,
  value: { variant, metric },
  over: { variant: other, metric },
  unit,
});

function compare(
  title: string,
  metric: string,
  unit: Comparison['unit'],
  ours: string,
  labels: Comparison['labels'],
): Comparison {
  return { title, metric, unit, better: unit === '/s' ? 'more' : 'less', ours, labels };
}

export const suite: Suite = {
  title: 'Locks, turns and channels between two threads',
  about:
    'Uncontended: a million times lock and unlock in one thread, nanoseconds for both. Hand-over: two threads in strict ' +
    'alternation, 20,000 turns each; the time of one hand-over. Throughput: a producer and a consumer in two threads, records ' +
    'of two doubles, the sum of all checked at the end; places for 1,024 values (batches: eight of 1,024 records), where ' +
    'there is a bound (ports have none). Goroutines take turns on one thread where that is faster. Median of the later runs in one process.',
  rounds: { full: 5, quick: 1 },
  variants: { ...uncontended, ...turnVariants, ...throughput, ...pythonVariants, ...goVariants },
  rows: [
    {
      label: '`Mutex`: lock and unlock, uncontended',
      value: { variant: 'mutex', metric: 'lockNs' },
      unit: 'ns',
      goal: { atMost: 60 },
    },
    over('the same ÷ `Mutex` of multithreading', 'lockNs', 'mutex', 'mtMutex', 'ns'),
    {
      ...over('hand-over by two `Semaphore`s ÷ bare atomics', 'handOverUs', 'semaphores', 'bareTurns', 'µs'),
      goal: { atMost: 2 },
    },
    {
      ...over(
        'hand-over by `Mutex` and `Condition` ÷ bare atomics',
        'handOverUs',
        'condition',
        'bareTurns',
        'µs',
      ),
      goal: { atMost: 2 },
    },
    over('hand-over by two `Event`s ÷ bare atomics', 'handOverUs', 'events', 'bareTurns', 'µs'),
    over('rounds of a `Barrier(2)` ÷ bare atomics', 'roundsPerSecond', 'barrier', 'bareRounds', '/s'),
    {
      label: 'records through a `RecordChannel`, 1,024 at once',
      value: { variant: 'recordsBatched', metric: 'perSecond' },
      unit: '/s',
      goal: { atLeast: 5e6 },
    },
    {
      ...over(
        'the same ÷ `postMessage` of records one by one',
        'perSecond',
        'recordsBatched',
        'portRecords',
        '/s',
      ),
      goal: { atLeast: 10 },
    },
    over('the same ÷ `postMessage` of as many at once', 'perSecond', 'recordsBatched', 'portBatched', '/s'),
    over('records one by one ÷ `postMessage`', 'perSecond', 'recordsSingly', 'portRecords', '/s'),
    over('numbers through a `Channel` ÷ `postMessage`', 'perSecond', 'channelNumbers', 'portNumbers', '/s'),
    over(
      'small objects through a `Channel` ÷ `postMessage`',
      'perSecond',
      'channelObjects',
      'portObjects',
      '/s',
    ),
  ],
  comparisons: [
    compare('lock and unlock, uncontended', 'lockNs', 'ns', 'mutex', {
      ...uncontendedLabels,
      pyLock,
      pyRLock,
      pySemaphore,
      goMutex,
    }),
    compare('one hand-over between two threads', 'handOverUs', 'µs', 'semaphores', {
      ...handOverLabels,
      pyTurns,
      pyCondition,
      pyEvents,
      goTurns,
      goThreadTurns,
    }),
    compare('rounds of a barrier for two', 'roundsPerSecond', '/s', 'barrier', {
      bareRounds,
      barrier,
      pyBarrier,
    }),
    compare('items per second from one thread to another', 'perSecond', '/s', 'recordsBatched', {
      ...throughputLabels,
      ...pythonQueues,
      ...goChannels,
    }),
  ],
};
