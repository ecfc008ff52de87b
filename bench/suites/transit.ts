/** What it takes to hand a large array to child processes: through their channel, a socket, shared memory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expectEqual } from '../pool-suites.ts';
import { median } from '../statistics.ts';
import type { Row, Sample, Scale, Suite } from '../suite.ts';

const PROCESSES = 2;
const length = (scale: Scale): number => (scale.smoke ? 200_000 : 12_500_000);
const calls = (scale: Scale): number => (scale.smoke ? 1 : scale.quick ? 9 : 15);

/** Sends an array to all processes, and returns their answers. */
type Send = (back: boolean, array: Float64Array) => Promise<unknown[]>;

function start(args: readonly string[], channel: 'ipc' | 'pipe'): ChildProcess {
  const script = fileURLToPath(new URL('../transit.process.js', import.meta.url));
  return spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', channel],
    serialization: 'advanced',
  });
}

async function measure(
  send: Send,
  make: (size: number) => Promise<Float64Array>,
  scale: Scale,
): Promise<Sample> {
  const size = length(scale);
  const array = await make(size);
  array.fill(1.5);
  const there: number[] = [];
  const back: number[] = [];
  // The first few calls take fresh memory; the median is of those that find it there.
  for (let call = 0; call < calls(scale); call++) {
    let start = performance.now();
    for (const sum of await send(false, array)) expectEqual(sum, size + 1.5);
    there.push(performance.now() - start);
    start = performance.now();
    const results = (await send(true, array)) as Float64Array[];
    back.push(performance.now() - start);
    for (const result of results) expectEqual(result.length + result[size - 1]!, size + 1.5);
  }
  return { thereMs: median(there), backMs: median(back) };
}

const own = (size: number): Promise<Float64Array> => Promise.resolve(new Float64Array(size));

async function ipc(scale: Scale): Promise<Sample> {
  const children = Array.from({ length: PROCESSES }, () => start(['ipc'], 'ipc'));
  const send: Send = (back, array) =>
    Promise.all(
      children.map(async (child) => {
        child.send([back, array]);
        return ((await once(child, 'message')) as unknown[])[0];
      }),
    );
  const sample = await measure(send, own, scale);
  for (const child of children) child.disconnect();
  return sample;
}

/** Frames of the codec over sockets; arrays in transit as far as `maxBytes` allows. */
const frames =
  (maxBytes: number, make = own) =>
  async (scale: Scale): Promise<Sample> => {
    const { decode, encode, MessageReader, MessageWriter } = await import('#src/codec/index.js');
    const { Transit } = await import('#src/memory/transit.js');
    const transit = new Transit({ maxBytes });
    const ends = Array.from({ length: PROCESSES }, (_, seat) => {
      const child = start(['frames', String(seat + 1), String(maxBytes)], 'pipe');
      const socket = child.stdio[3] as Socket;
      let arrived: (value: unknown) => void;
      const reader = new MessageReader();
      socket.on('data', (chunk: Uint8Array) => {
        for (const { frame, buffers } of reader.push(chunk))
          arrived(decode(frame, buffers, { resolve: transit.resolve }));
      });
      return { seat: seat + 1, socket, next: () => new Promise((resolve) => (arrived = resolve)) };
    });
    const send: Send = (back, array) => {
      const batch = transit.batch();
      const answers = ends.map(({ seat, socket, next }) => {
        const writer = new MessageWriter();
        writer.add(transit.parcel(seat, batch).make((share) => encode([back, array], { share })));
        const answer = next();
        for (const chunk of writer.take()) socket.write(chunk);
        return answer;
      });
      batch.end();
      return Promise.all(answers);
    };
    const sample = await measure(send, make, scale);
    for (const { socket } of ends) socket.destroy();
    transit.close();
    return sample;
  };

async function sharedArray(size: number): Promise<Float64Array> {
  const { shared } = await import('tutti');
  return shared(Float64Array, size, { across: 'processes' }) as Float64Array;
}

const ROWS: readonly [variant: string, label: string][] = [
  ['shared', 'in shared memory already'],
  ['transit', 'through shared memory'],
  ['socket', 'frames through a socket'],
];

const rows: Row[] = [
  ['thereMs', 'to both'],
  ['backMs', 'to both and back'],
].flatMap(([metric, label]) =>
  ROWS.map(([variant, how]): Row => {
    const row: Row = {
      label: `${how}, ${label} ÷ IPC`,
      value: { variant, metric: metric! },
      over: { variant: 'ipc', metric: metric! },
      unit: 'ms',
    };
    return variant === 'shared' ? { ...row, goal: { atMost: 0.05 } } : row;
  }),
);

export const suite: Suite = {
  title: '100 MB to two child processes',
  about:
    'A `Float64Array` of 12,500,000 numbers goes to two processes, which answer with a number, or with the array. IPC is the ' +
    "channel of `child_process` with `serialization: 'advanced'`; what is read of the arrays is one number.",
  rounds: { full: 5, quick: 2 },
  variants: {
    ipc,
    socket: frames(0),
    transit: frames(2 ** 31),
    shared: frames(2 ** 31, sharedArray),
  },
  rows,
};
