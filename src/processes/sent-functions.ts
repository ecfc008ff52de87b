/**
 * Captured functions that reach large arrays: their arrays are put into shared memory once, for all workers of a pool.
 *
 * Such a function travels as a frame within the message, made once.
 */
import type { Packed } from '../closure/index.ts';
import { decode, encode } from '../codec/index.ts';
import type { ToWorker } from '../executor/wire.ts';
import type { Batch, Parcel, Transit } from '../memory/transit.ts';
import { hasLargeArrays } from './entry-paths.ts';
import type { Luggage } from './luggage.ts';

/** Stands for a packed function. */
interface Framed {
  readonly frame: Uint8Array;
  readonly buffers: readonly Uint8Array[];
}

interface Sent extends Framed {
  readonly parcel: Parcel;
}

export class SentFunctions {
  readonly #transit: Transit;
  readonly #sent = new WeakMap<Packed, Sent>();
  /** What is put into shared memory stays there until the capture is garbage. */
  readonly #garbage = new FinalizationRegistry<Batch>((batch) => batch.end());

  constructor(transit: Transit) {
    this.#transit = transit;
  }

  /** Sends the entries to the worker on a seat; when `send` throws, they were not sent, and nothing is lent. */
  send(entries: readonly ToWorker[], seat: number, send: (framed: readonly ToWorker[]) => void): void {
    const lent: Parcel[] = [];
    try {
      send(this.#framed(entries, seat, lent));
    } catch (error) {
      for (const parcel of lent) parcel.takeBackFrom(seat);
      throw error;
    }
  }

  #framed(entries: readonly ToWorker[], seat: number, lent: Parcel[]): readonly ToWorker[] {
    if (!entries.some((entry) => entry[0] === 'function' && hasLargeArrays(entry[2]))) return entries;
    return entries.map((entry) => {
      if (entry[0] !== 'function' || !hasLargeArrays(entry[2])) return entry;
      const { frame, buffers, parcel } = this.#lend(entry[2], seat);
      lent.push(parcel);
      const framed: Framed = { frame, buffers };
      return ['function', entry[1], framed as unknown as Packed] as const;
    });
  }

  /** The function's frame, whose arrays the worker on that seat may have from now on. */
  #lend(packed: Packed, seat: number): Sent {
    const before = this.#sent.get(packed);
    if (before !== undefined) {
      before.parcel.lendTo(seat);
      return before;
    }
    const batch = this.#transit.batch();
    const parcel = this.#transit.parcel(seat, batch);
    let made: Framed;
    try {
      made = parcel.make((share) => encode(packed, { share, snapshot: true }));
    } catch (error) {
      batch.end();
      throw error;
    }
    const sent = { ...made, parcel };
    this.#sent.set(packed, sent);
    this.#garbage.register(packed, batch);
    return sent;
  }
}

/** The entries as the scheduler had them. */
export function unframed(entries: readonly ToWorker[], luggage: Luggage): readonly ToWorker[] {
  if (!entries.some((entry) => entry[0] === 'function' && 'frame' in entry[2])) return entries;
  return entries.map((entry) => {
    if (entry[0] !== 'function' || !('frame' in entry[2])) return entry;
    const { frame, buffers } = entry[2] as unknown as Framed;
    return ['function', entry[1], decode(frame, buffers, { resolve: luggage.resolve }) as Packed] as const;
  });
}
