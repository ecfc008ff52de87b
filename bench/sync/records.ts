/** What the channels carry: records of two numbers, numbers, small objects; the first number of the i-th is i. */

export type Kind = 'record' | 'number' | 'object';

/** Milliseconds on a clock that all threads share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

export function recordOf(i: number): [number, number] {
  return [i, 0.5];
}

export interface Item {
  readonly id: number;
  readonly name: string;
  readonly done: boolean;
}

export function objectOf(i: number): Item {
  return { id: i, name: 'item', done: false };
}

/** What a message adds to the sum that shows that all have come. */
export function sumOf(message: unknown): number {
  if (typeof message === 'number') return message;
  return Array.isArray(message) ? (message[0] as number) : (message as Item).id;
}
