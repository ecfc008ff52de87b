/**
 * What the scheduler and a worker say to each other. A message is an array of entries; an entry is a tuple whose
 * first element says what it is. The order of entries is the order of events.
 */
import type { Packed } from '../closure/index.ts';
import type { Op, RangeState } from './backend.ts';

/** How items, results or reports lie in a message: as structured clone carries them, or packed by the closure codec. */
export type Coding = 'plain' | 'packed';

/** A part as a worker has it: its items are those from `from` to `to`. */
export interface PartMessage {
  readonly slot: number;
  readonly op: Op;
  readonly fns: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly base: number;
  readonly taskId: number;
  readonly name: string;
  readonly seed: number;
  readonly timed: boolean;
  readonly coding: Coding;
  readonly items: unknown;
  /** The items lie in shared memory of the part's own, where results that are numbers take their places. */
  readonly inPlace?: boolean;
  readonly range: RangeState | undefined;
  /** `range` only: the function only computes, so that nobody can ask which index runs. */
  readonly quiet?: boolean;
}

/** What is true of a part, as bits. */
export const PartFlag = { timed: 1, packed: 2, inPlace: 4, quiet: 8 } as const;

/** A part as it travels: without names, which would have to be written and read at both ends. */
export type PartEntry = readonly [
  'run',
  slot: number,
  op: Op,
  fns: readonly number[],
  from: number,
  to: number,
  base: number,
  taskId: number,
  name: string,
  seed: number,
  flags: number,
  items: unknown,
  range: RangeState | undefined,
];

/** Where the items of a {@link PartEntry} are. */
export const partItems = 11;

export function partOf(entry: PartEntry): PartMessage {
  const [, slot, op, fns, from, to, base, taskId, name, seed, flags, items, range] = entry;
  return {
    slot,
    op,
    fns,
    from,
    to,
    base,
    taskId,
    name,
    seed,
    timed: (flags & PartFlag.timed) !== 0,
    coding: (flags & PartFlag.packed) === 0 ? 'plain' : 'packed',
    items,
    inPlace: (flags & PartFlag.inPlace) !== 0,
    range,
    quiet: (flags & PartFlag.quiet) !== 0,
  };
}

export type ToWorker =
  | readonly ['function', id: number, packed: Packed]
  | readonly ['forget', ids: readonly number[]]
  | PartEntry
  /** Arguments of a call in the ring that do not fit into its record. */
  | readonly ['args', slot: number, args: readonly unknown[]]
  | readonly ['stop', slot: number, reason: Packed]
  /** What belongs to no part; who reads it is up to `notices.ts`. */
  | readonly ['notice', data: unknown]
  | readonly ['exit'];

export type FromWorker =
  | readonly ['ready']
  | readonly ['init failed', error: Packed]
  | readonly ['results', slot: number, k: number, values: ArrayLike<unknown>]
  /** Results of the items `k ≤ i < end` have taken the items' places. */
  | readonly ['in place', slot: number, k: number, end: number]
  | readonly ['packed result', slot: number, k: number, value: Packed]
  /** The end of a call in the ring whose result does not fit into its record. */
  | readonly ['value', slot: number, value: unknown, computeMs: number]
  | readonly ['report', slot: number, k: number, data: unknown, coding: Coding]
  | readonly ['notice', data: unknown]
  | readonly ['done', slot: number, computeMs: number]
  | readonly ['failed', slot: number, computeMs: number, k: number, error: Packed]
  /** The part had been taken back before it started. */
  | readonly ['skipped', slot: number]
  /** Bytes of heap and external memory in use. */
  | readonly ['memory', bytes: number];

/** One end of the channel to a worker or to the scheduler. */
export type Post<Entry> = (entries: readonly Entry[], transfer: Transferable[]) => void;

type Transferable = import('node:worker_threads').TransferListItem;
export type { Transferable };
