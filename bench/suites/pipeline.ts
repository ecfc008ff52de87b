/** What a pipeline costs: beside the same by hand, beside a loop, and per item. */
import { calibrate } from '../busy.ts';
import { busy } from '../peers/tasks.ts';
import { expectEqual } from '../pool-suites.ts';
import { median } from '../statistics.ts';
import type { Sample, Scale, Suite } from '../suite.ts';

const ITEMS = 2000;
const LOCAL_ITEMS = 200_000;
const calls = (scale: Scale): number => (scale.smoke ? 1 : scale.quick ? 3 : 9);

/** Numbers as they come from anywhere: without waiting, one after the other. */
function* numbers(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

/** A CPU stage of 0.1 ms between two of this thread: wall time over that of a loop in the same process. */
async function cpu(
  scale: Scale,
  run: (iterations: number) => Promise<number>,
  close: () => Promise<unknown>,
): Promise<Sample> {
  const iterations = calibrate(scale.smoke ? 0.002 : 0.1);
  const loop = () => {
    let sum = 0;
    for (const i of numbers(ITEMS)) if (i % 4 !== 0) sum += busy(iterations + i) % 1000;
    return sum;
  };
  const wanted = loop();
  const ratios: number[] = [];
  for (let call = 0; call <= calls(scale); call++) {
    const start = performance.now();
    const sum = await run(iterations);
    const wallMs = performance.now() - start;
    expectEqual(sum, wanted);
    const serial = performance.now();
    loop();
    if (call > 0) ratios.push(wallMs / (performance.now() - serial));
  }
  await close();
  return { overLoop: median(ratios) };
}

async function pipelined(scale: Scale): Promise<Sample> {
  const { pipeline, threads } = await import('tutti');
  const pool = threads({ workers: 2 });
  const run = (iterations: number) =>
    pipeline(numbers(ITEMS))
      .filter((i) => i % 4 !== 0)
      .map((i) => busy(iterations + i), { on: pool })
      .map((x) => x % 1000)
      .reduce((a, b) => a + b, 0);
  return await cpu(scale, run, () => pool.close());
}

async function byHand(scale: Scale): Promise<Sample> {
  const { threads } = await import('tutti');
  const pool = threads({ workers: 2 });
  function* wanted() {
    for (const i of numbers(ITEMS)) if (i % 4 !== 0) yield i;
  }
  const run = async (iterations: number) => {
    let sum = 0;
    for await (const x of pool.stream(wanted(), (i) => busy(iterations + i))) sum += x % 1000;
    return sum;
  };
  return await cpu(scale, run, () => pool.close());
}

/** Time per item of stages that only compute, in this thread. */
async function local(scale: Scale, run: (count: number) => Promise<number>): Promise<Sample> {
  const count = scale.smoke ? 1000 : LOCAL_ITEMS;
  const times: number[] = [];
  for (let call = 0; call <= calls(scale); call++) {
    const start = performance.now();
    expectEqual(await run(count), (count * (count + 1)) / 2);
    if (call > 0) times.push((performance.now() - start) * 1000);
  }
  return { perItemUs: median(times) / count };
}

async function localPipeline(scale: Scale): Promise<Sample> {
  const { pipeline } = await import('tutti');
  return await local(scale, (count) =>
    pipeline(numbers(count))
      .map((x) => x + 1)
      .reduce((a, b) => a + b, 0),
  );
}

async function localAsync(scale: Scale): Promise<Sample> {
  const { pipeline } = await import('tutti');
  return await local(scale, (count) =>
    pipeline(numbers(count))
      .map(async (x) => x + 1)
      .reduce((a, b) => a + b, 0),
  );
}

async function generators(scale: Scale): Promise<Sample> {
  async function* mapped(count: number) {
    for await (const x of numbers(count)) yield x + 1;
  }
  return await local(scale, async (count) => {
    let sum = 0;
    for await (const x of mapped(count)) sum += x;
    return sum;
  });
}

const overLoop = (variant: string) => ({ variant, metric: 'overLoop' });
const perItem = (variant: string) => ({ variant, metric: 'perItemUs' });

export const suite: Suite = {
  title: 'Pipelines',
  about:
    `A filter, a CPU stage of 0.1 ms on two workers and a map over ${ITEMS} numbers, as a pipeline and by hand around ` +
    '`pool.stream`; wall time over that of a loop, measured right after in the same process. Then one stage of this thread ' +
    `over ${LOCAL_ITEMS} numbers, beside an async generator read by \`for await\`.`,
  rounds: { full: 5, quick: 2 },
  variants: { pipelined, byHand, localPipeline, localAsync, generators },
  rows: [
    { label: 'pipeline ÷ loop', value: overLoop('pipelined'), unit: '', goal: { atMost: 0.6 } },
    {
      label: 'pipeline ÷ by hand',
      value: overLoop('pipelined'),
      over: overLoop('byHand'),
      unit: '',
      goal: { atMost: 1.05 },
    },
    {
      label: 'a local stage per item ÷ async generator',
      value: perItem('localPipeline'),
      over: perItem('generators'),
      unit: 'µs',
      goal: { atMost: 1 },
    },
    {
      label: 'an asynchronous local stage per item ÷ async generator',
      value: perItem('localAsync'),
      over: perItem('generators'),
      unit: 'µs',
    },
  ],
};
