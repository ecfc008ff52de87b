/** How much goes from one thread to another in a second. */
import { Channel, RecordChannel } from 'tutti/sync';
import type { Sample, Scale } from '../suite.ts';
import { objectOf, sumOf, type Kind } from './records.ts';
import { bare, inPool } from './two-threads.ts';

const BATCH = 1024;
const items = ({ quick, smoke }: Scale, share: number): number =>
  smoke ? 2000 : (quick ? 5e4 : 2e5) * share;
/** 0 + 1 + … */
const sumTo = (count: number): number => (count * (count - 1)) / 2;
const perSecond = (ms: number, count: number): Sample => ({ perSecond: (count / ms) * 1000 });

async function recordsBatched(scale: Scale): Promise<Sample> {
  const count = items(scale, 50);
  const channel = new RecordChannel(Float64Array, { width: 2, capacity: 8 * BATCH });
  const first = (): void => {
    const records = new Float64Array(2 * BATCH);
    for (let from = 0; from < count; from += BATCH) {
      const n = Math.min(BATCH, count - from);
      for (let k = 0; k < n; k++) {
        records[2 * k] = from + k;
        records[2 * k + 1] = 0.5;
      }
      channel.send(n === BATCH ? records : records.subarray(0, 2 * n));
    }
  };
  const second = (): number => {
    const into = new Float64Array(2 * BATCH);
    let sum = 0;
    for (let got = 0; got < count;) {
      const n = channel.receive(into);
      for (let k = 0; k < n; k++) sum += into[2 * k] as number;
      got += n;
    }
    return sum;
  };
  return perSecond(await inPool(first, second, sumTo(count)), count);
}

async function recordsSingly(scale: Scale): Promise<Sample> {
  const count = items(scale, 1);
  const channel = new RecordChannel(Float64Array, { width: 2, capacity: BATCH });
  const first = (): void => {
    const record = new Float64Array(2).fill(0.5);
    for (let i = 0; i < count; i++) {
      record[0] = i;
      channel.send(record);
    }
  };
  const second = (): number => {
    const into = new Float64Array(2);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      channel.receive(into);
      sum += into[0] as number;
    }
    return sum;
  };
  return perSecond(await inPool(first, second, sumTo(count)), count);
}

async function values(scale: Scale, valueOf: (i: number) => unknown): Promise<Sample> {
  const count = items(scale, 1);
  const channel = new Channel(BATCH);
  const first = (): void => {
    for (let i = 0; i < count; i++) channel.send(valueOf(i));
  };
  const second = (): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += sumOf(channel.receive());
    return sum;
  };
  return perSecond(await inPool(first, second, sumTo(count)), count);
}

const port =
  (kind: Kind, batch: number, share = 1) =>
  async (scale: Scale): Promise<Sample> => {
    const count = items(scale, share);
    const job = { count, kind, batch };
    const ms = await bare({ ...job, what: 'send' }, { ...job, what: 'receive' }, sumTo(count));
    return perSecond(ms, count);
  };

export const throughput = {
  recordsBatched,
  recordsSingly,
  channelNumbers: (scale: Scale) => values(scale, (i) => i),
  channelObjects: (scale: Scale) => values(scale, objectOf),
  portRecords: port('record', 0),
  portBatched: port('record', BATCH, 10),
  portNumbers: port('number', 0),
  portObjects: port('object', 0),
} as const;

export const throughputLabels: Readonly<Record<keyof typeof throughput, string>> = {
  recordsBatched: '`RecordChannel`, 1,024 records at once',
  recordsSingly: '`RecordChannel`, records one by one',
  channelNumbers: '`Channel` of numbers',
  channelObjects: '`Channel` of small objects',
  portRecords: 'Node `MessagePort`, records one by one',
  portBatched: 'Node `MessagePort`, 1,024 records in a message',
  portNumbers: 'Node `MessagePort`, numbers one by one',
  portObjects: 'Node `MessagePort`, small objects one by one',
};
