/** Waiting for several channels at once. */
import { show } from '../base/options.ts';
import { WaitTimeoutError } from '../base/errors.ts';
import { Values, type Taken } from './values.ts';
import { block, checkLimits, waitAsync, type Steps, type Waiter, type WaitOptions } from './waiting.ts';

/** What came first. */
export interface Selected<T> {
  /** The place of the channel in the list. */
  readonly index: number;
  /** The value; undefined when the channel is closed and empty. */
  readonly value: T | undefined;
  /** The channel is closed and empty: leave it out the next time. */
  readonly done: boolean;
}

type ValueOf<S> = S extends Values<infer T> ? T : never;

/**
 * Blocks until one of the channels or queues has a value, and takes that; or until one is closed and empty, as Go's `select`.
 *
 * When several have one, chance decides. Exactly one value is taken.
 *
 * @param from channels and queues, at least one
 * @throws WaitTimeoutError after `timeoutMs`; TypeError for anything else in the list; WouldBlockError on a main thread
 *
 * @example
 * ```ts
 * import { Channel, select } from 'tutti/sync';
 *
 * const [a, b] = [new Channel<number>(), new Channel<string>()];
 * b.send('here');
 * select([a, b]); // => { index: 1, value: 'here', done: false }
 * ```
 */
export function select<const S extends readonly Values<any>[]>(
  from: S,
  options?: WaitOptions,
): Selected<ValueOf<S[number]>> {
  const list = checkList('select', from);
  const waiter = waiterOf(list);
  checkLimits(options, waiter);
  return selected(block(waiter, steps(list, true), options), options) as Selected<ValueOf<S[number]>>;
}

/**
 * As {@link select}, without blocking the thread.
 *
 * @example
 * ```ts
 * import { Queue, selectAsync } from 'tutti/sync';
 *
 * const [urgent, other] = [new Queue<string>(), new Queue<string>()];
 * const first = selectAsync([urgent, other]);
 * urgent.put('now');
 * await first; // => { index: 0, value: 'now', done: false }
 * ```
 */
export async function selectAsync<const S extends readonly Values<any>[]>(
  from: S,
  options?: WaitOptions,
): Promise<Selected<ValueOf<S[number]>>> {
  const list = checkList('selectAsync', from);
  const waiter = waiterOf(list);
  checkLimits(options, waiter);
  const found = selected(await waitAsync(waiter, steps(list, false), options), options);
  return { ...found, value: (await found.value) as ValueOf<S[number]> };
}

function waiterOf(list: readonly Values<unknown>[]): Waiter {
  const { agents } = list[0] as Values<unknown>;
  return { agents, describe: () => `select() over ${list.map((one) => one.describe()).join(', ')}` };
}

function checkList(owner: string, from: readonly unknown[]): readonly Values<unknown>[] {
  if (!Array.isArray(from) || from.length === 0)
    throw new TypeError(`${owner}(): expected a list of channels and queues, but got ${show(from)}`);
  for (const one of from)
    if (!(one instanceof Values))
      throw new TypeError(`${owner}(): expected channels and queues, but got ${show(one)}`);
  const list = from as readonly Values<unknown>[];
  const agents = list[0]?.agents;
  if (list.some((one) => one.agents !== agents))
    throw new TypeError(
      `${owner}(): these cannot be waited for together: some are for threads and some for processes, or they were made in threads that had not met; make them in one thread`,
    );
  return list;
}

function* steps(list: readonly Values<unknown>[], blocks: boolean): Steps<Selected<unknown> | undefined> {
  const [first] = list as [Values<unknown>];
  for (const one of list) one.listen();
  try {
    for (;;) {
      const { words } = first.agents;
      const seen = Atomics.load(words.words, first.bell(0).at);
      // From a different one each time, so that none is starved.
      const start = Math.floor(Math.random() * list.length);
      for (let k = 0; k < list.length; k++) {
        const index = (start + k) % list.length;
        const found = yield* (list[index] as Values<unknown>).poll(blocks);
        if (found === undefined) continue;
        const done = found === 'closed';
        return { index, value: done ? undefined : (found as Taken<unknown>).value, done };
      }
      if (!(yield first.bell(seen))) return undefined;
    }
  } finally {
    for (const one of list) one.unlisten();
  }
}

function selected(found: Selected<unknown> | undefined, options: WaitOptions | undefined): Selected<unknown> {
  if (found !== undefined) return found;
  throw new WaitTimeoutError(`select(): nothing came within ${options?.timeoutMs ?? 0} ms`);
}
