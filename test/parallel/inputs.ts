/** Inputs that say how far they were read and how often they were closed. */
import { setImmediate as turn } from 'node:timers/promises';

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Lets everything happen that needs no timer. */
export async function settle(turns = 5): Promise<void> {
  for (let n = 0; n < turns; n++) await turn();
}

/** A promise and what settles it. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Numbers from 0 on, without waiting. */
export class Numbers implements IterableIterator<number> {
  read = 0;
  closed = 0;
  opened = 0;
  readonly length: number;
  constructor(length = Infinity) {
    this.length = length;
  }
  next(): IteratorResult<number, undefined> {
    if (this.read >= this.length) return { done: true, value: undefined };
    return { done: false, value: this.read++ };
  }
  return(): IteratorResult<number, undefined> {
    this.closed++;
    return { done: true, value: undefined };
  }
  [Symbol.iterator](): this {
    this.opened++;
    return this;
  }
}

/** Numbers from 0 on that come a turn of the event loop later; with `stuckAt` that one never comes. */
export class LaterNumbers implements AsyncIterableIterator<number> {
  read = 0;
  closed = 0;
  readonly length: number;
  readonly stuckAt: number;
  constructor(length = Infinity, stuckAt = Infinity) {
    this.length = length;
    this.stuckAt = stuckAt;
  }
  async next(): Promise<IteratorResult<number, undefined>> {
    await turn();
    if (this.read >= this.length) return { done: true, value: undefined };
    if (this.read >= this.stuckAt) return await new Promise(() => undefined);
    return { done: false, value: this.read++ };
  }
  return(): Promise<IteratorResult<number, undefined>> {
    this.closed++;
    return Promise.resolve({ done: true, value: undefined });
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
}
