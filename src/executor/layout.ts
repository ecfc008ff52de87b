/**
 * Where things lie in the memory that a scheduler and one worker share.
 *
 * | words | what |
 * |---|---|
 * | 0–15 | header: the running slot, the exit code, how the worker rests, messages posted to it and by it |
 * | 16 | `head` of the ring of calls, which the scheduler writes |
 * | 32 | `head` of the ring of ends, which the worker writes |
 * | 48 … | entries of the two rings, {@link slotCount} each |
 * | … | one record of {@link recordWords} words per slot |
 *
 * What different sides write lies at least 64 bytes apart, so that they do not pull one cache line to and fro.
 */

/** Parts that a worker may hold at a time; each owns a slot. A ring can take them all, so it is never full. */
export const slotCount = 512;

export const runningWord = 0;
export const exitWord = 1;
export const restWord = 2;
export const postedWord = 3;
export const toldWord = 4;

/** Words of a ring's head and of its first entry. */
export interface RingLayout {
  readonly head: number;
  readonly entries: number;
}

export const callRing: RingLayout = { head: 16, entries: 48 };
export const endRing: RingLayout = { head: 32, entries: 48 + slotCount };

/** Sixteen words of state, and a payload of eight cells of eight bytes. */
export const recordWords = 32;
const firstRecord = 48 + 2 * slotCount;
export const totalWords = firstRecord + slotCount * recordWords;

/** Words of a record. */
export const word = {
  state: 0,
  next: 1,
  current: 2,
  stop: 3,
  /** Id of the function; in an end, what kind of end it is. */
  what: 4,
  /** Messages that were posted before this record: they come first. */
  order: 5,
  /** Number of values in the payload, and flags. */
  shape: 6,
  /** Kinds of the values, four bits each. */
  kinds: 7,
  seed: 8,
} as const;

/** Cells (of eight bytes) of a record. */
export const cell = { taskId: 5, startedAt: 6, computeMs: 7, payload: 8 } as const;
export const payloadCells = 8;

/** First word of a slot's record; even, as cells lie two words apart. */
export function recordOf(slot: number): number {
  return firstRecord + slot * recordWords;
}
