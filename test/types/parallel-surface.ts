/** What pipelines, groups and those who wait infer, and what the compiler refuses. Compiled, never run. */
import { Transform, type Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Observable } from 'rxjs';
import {
  asCompleted,
  failedAt,
  pipeline,
  race,
  TaskGroup,
  wait,
  type Executor,
  type FailurePlace,
  type Pipeline,
  type Task,
} from 'tutti';
import { parallelFilter, parallelMap } from 'tutti/rxjs';
import type { Same } from './expect.ts';

/** Compiles only when the type of `value` is exactly `Expected`. */
function is<Expected>() {
  return <Actual>(_value: Actual, ..._same: Same<Actual, Expected> extends true ? [] : [never]): void => {};
}

declare const pool: Executor;
declare const later: AsyncIterable<number>;
declare const mixed: (string | undefined)[];
declare const node: Readable;
declare const web: ReadableStream<bigint>;

export async function sources(): Promise<void> {
  is<Pipeline<number>>()(pipeline([1, 2]));
  is<Pipeline<number>>()(pipeline(later));
  is<Pipeline<number>>()(pipeline(new Float64Array(2)));
  is<Pipeline<string>>()(pipeline('text'));
  is<Pipeline<string>>()(pipeline([Promise.resolve('a')]));
  is<Pipeline<bigint>>()(pipeline(web));
  is<Pipeline<number>>()(pipeline(pipeline([1])));
  is<Pipeline<string>>()(pipeline(pool.stream([1], String)));
  is<Pipeline<Buffer>>()(pipeline<Buffer>(node));
  // @ts-expect-error: a number is no source
  pipeline(5);
  // @ts-expect-error: no such option
  pipeline([1], { sginal: undefined });
}

export async function stages(): Promise<void> {
  const p = pipeline([1, 2]);
  is<Pipeline<string>>()(p.map((x) => String(x)));
  is<Pipeline<string>>()(p.map(async (x) => String(x), { concurrency: 3 }));
  is<Pipeline<string>>()(p.map((x) => String(x), { on: pool, ordered: false, window: 3, concurrency: 2 }));
  is<Pipeline<Response>>()(pipeline(['https://example.org']).map(fetch, { concurrency: 2 }));
  p.map((x, { signal }) => {
    is<AbortSignal>()(signal);
    return x;
  });
  // @ts-expect-error: functions on workers get the item alone
  p.map((x, { signal }) => signal.aborted, { on: pool });
  // @ts-expect-error: an option of another place
  p.map((x) => x, { concurrency: 2, retries: 3 });
  // @ts-expect-error: a pipeline has one signal
  p.map((x) => x, { on: pool, signal: AbortSignal.timeout(5) });
  // @ts-expect-error: items are numbers
  p.map((x: string) => x);
  is<Pipeline<string>>()(pipeline(mixed).filter((x) => x !== undefined));
  is<Pipeline<string>>()(pipeline(mixed).filter((x) => x !== undefined, { on: pool }));
  is<Pipeline<number>>()(p.filter(async (x) => x > 1));
  is<Pipeline<number>>()(p.flatMap((x) => [x]));
  is<Pipeline<string>>()(p.flatMap(async (x) => new Set([String(x)]), { on: pool }));
  is<Pipeline<string>>()(p.flatMap((x) => String(x)));
  is<Pipeline<number>>()(p.tap(console.log).take(1).skip(1).buffer(3));
  is<Pipeline<number[]>>()(p.batch(2, { timeoutMs: 5 }));
  is<Pipeline<number[]>>()(p.window(2, { step: 2 }));
  is<Pipeline<string>>()(p.scan((text, x) => text + x, ''));
  is<Pipeline<string>>()(
    p.through(async function* (items) {
      for await (const each of items) yield String(each);
    }),
  );
  is<Pipeline<Uint8Array>>()(pipeline(['a']).through(new TextEncoderStream() as never as TransformStream<string, Uint8Array>)); // prettier-ignore
  is<Pipeline<unknown>>()(p.through(new Transform()));
  is<Pipeline<Buffer>>()(p.through<Buffer>(new Transform()));
  // @ts-expect-error: a number transforms nothing
  p.through(5);
}

export async function readers(): Promise<void> {
  const p = pipeline([1, 2]);
  is<number[]>()(await p.toArray());
  is<number>()(await p.count());
  is<number | undefined>()(await p.first());
  is<number>()(await p.reduce((a, b) => a + b));
  is<string>()(await p.reduce((text, x) => text + x, ''));
  is<void>()(await p.forEach((x, { signal }) => void [x, signal], { concurrency: 3 }));
  is<void>()(await p.forEach((x) => void x, { on: pool, chunk: 3 }));
  // @ts-expect-error: functions on workers get the item alone
  await p.forEach((x, { signal }) => void [x, signal], { on: pool });
  // @ts-expect-error: nothing has an order here
  await p.forEach((x) => void x, { ordered: false });
  for await (const x of p) is<number>()(x);
  is<ReadableStream<number>>()(p.toWebStream());
  is<Readable>()(p.toNodeStream());
  await p.pipeTo(new WritableStream<number>(), { preventClose: true });
  await p.pipeTo(process.stdout);
  // @ts-expect-error: the destination takes strings
  await p.pipeTo(new WritableStream<string>());
  is<FailurePlace | undefined>()(failedAt(new RangeError()));
}

export async function groups(): Promise<void> {
  const group = new TaskGroup(pool, { signal: AbortSignal.timeout(5) });
  is<Task<number>>()(group.submit((x: number) => x + 1, 1));
  is<Promise<string>>()(group.add(async (signal) => (is<AbortSignal>()(signal), 'a')));
  is<Promise<number>>()(group.add(Promise.resolve(1)));
  is<Promise<void>>()(group.wait());
  is<boolean>()(group.cancel());
  await using _disposed = group;
  is<number>()(await TaskGroup.run((each) => each.submit((x: number) => x, 1), { on: pool }));
  is<string>()(await TaskGroup.run(async () => 'a'));
  // @ts-expect-error: the argument is missing
  void group.submit((x: number) => x);
  // @ts-expect-error: a number is no task
  void group.add(5);
}

export async function waiting(a: Task<number>, b: Promise<string>): Promise<void> {
  is<number | string>()(await race<number | string>([a, b]));
  is<number>()(await race([a, async (signal) => Number(signal.aborted)], { timeoutMs: 5 }));
  const { done, pending } = await wait([a, b], { until: 'first', timeoutMs: 5 });
  is<Set<Task<number> | Promise<string>>>()(done);
  is<Set<Task<number> | Promise<string>>>()(pending);
  // @ts-expect-error: no such event
  await wait([a], { until: 'any' });
  for await (const outcome of asCompleted([a])) {
    is<Task<number>>()(outcome.task);
    if (outcome.status === 'fulfilled') is<number>()(outcome.value);
  }
  // @ts-expect-error: numbers are no tasks
  asCompleted([5]);
}

export function reactive(numbers: Observable<number>): void {
  is<Observable<string>>()(numbers.pipe(parallelMap(pool, async (x) => String(x), { ordered: false })));
  is<Observable<number>>()(numbers.pipe(parallelFilter(pool, (x) => x > 1, { buffer: 5, overflow: 'drop-oldest' }))); // prettier-ignore
  // @ts-expect-error: items are numbers
  numbers.pipe(parallelMap(pool, (x: string) => x));
  // @ts-expect-error: no such policy
  parallelMap(pool, (x: number) => x, { overflow: 'drop' });
}
