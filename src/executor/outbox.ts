/**
 * What a worker is about to send: gathered into batches, in order.
 *
 * Plain values go as they are. The codec that packs everything else is large and rarely needed, so it loads while the
 * worker already runs tasks; entries that need it wait for it, and so does whatever comes after them.
 */
import { loading } from '../base/loading.ts';
import type { packError, unpackError } from '../closure/error.ts';
import type { pack } from '../closure/pack.ts';
import type { FromWorker, Post, Transferable } from './wire.ts';

/** The part of the closure codec that a worker needs only when a value is not plain. */
export interface Codec {
  readonly pack: typeof pack;
  readonly packError: typeof packError;
  readonly unpackError: typeof unpackError;
}

/** A result that cannot travel: which item of its part, and why. */
export interface Unsendable {
  readonly k: number;
  readonly error: unknown;
}

/** An entry that waits for the codec. `k` is the item to blame when it cannot be packed. */
interface Unpacked {
  readonly slot: number;
  readonly k: number;
  readonly make: Make;
}

/** Calls `act`, which works for item `k` of a slot's part. */
type Blame = <T>(slot: number, k: number, act: () => T) => T;

/** Makes an entry of a value; what is to be moved goes into `transfer`. */
type Make = (codec: Codec, transfer: Transferable[]) => FromWorker;

export class Outbox {
  /** Messages that have been posted. */
  posted = 0;
  readonly #give: Post<FromWorker>;
  readonly #told: (count: number) => void;
  readonly #blame: Blame;
  #entries: (FromWorker | Unpacked)[] = [];
  #transfer: Transferable[] = [];
  #waiting = 0;
  #codec: Codec | undefined;
  /** Slots of parts with a result that could not be sent; the part must end as failed. */
  readonly #unsendable = new Map<number, Unsendable>();

  /** `told` is given the number of messages after each; `blame` knows on whose behalf packing is done. */
  constructor(post: Post<FromWorker>, told: (count: number) => void, blame: Blame) {
    this.#give = post;
    this.#blame = blame;
    this.#told = told;
  }

  #post(entries: readonly FromWorker[], transfer: Transferable[]): void {
    this.#give(entries, transfer);
    this.posted = (this.posted + 1) | 0;
    this.#told(this.posted);
  }

  /** Starts loading the codec; resolves when it is there. */
  async load(): Promise<Codec> {
    return (this.#codec ??= await loadCodec());
  }

  /** The codec is there: nothing has to wait for it. */
  get loaded(): boolean {
    return this.#codec !== undefined;
  }

  /** Packs what has waited for the codec, which is there. */
  packWaiting(): void {
    if (this.#waiting > 0) this.#packWaiting();
  }

  /** Something waits for the codec. */
  get waits(): boolean {
    return this.#waiting > 0;
  }

  send(entry: FromWorker, transfer?: readonly Transferable[]): void {
    this.#entries.push(entry);
    if (transfer !== undefined) for (const each of transfer) this.#transfer.push(each);
  }

  /** Sends a notice at once, before the end of the part that runs; throws when it cannot be cloned, and sends nothing then. */
  notice(data: unknown, transfer: Transferable[]): void {
    this.flush();
    this.#post([['notice', data]], transfer);
  }

  /** Sends what `make` packs. Returns the failure when it is known at once. */
  sendPacked(slot: number, k: number, make: Make): Unsendable | undefined {
    const codec = this.#codec;
    if (codec === undefined) {
      this.#entries.push({ slot, k, make });
      this.#waiting++;
      return undefined;
    }
    try {
      this.#entries.push(this.#blame(slot, k, () => make(codec, this.#transfer)));
      return undefined;
    } catch (error) {
      return { k, error };
    }
  }

  /** The end of a part. */
  end(slot: number, computeMs: number, failure: Unsendable | undefined): void {
    const unsendable = this.#unsendable.get(slot) ?? failure;
    this.#unsendable.delete(slot);
    if (unsendable === undefined) this.send(['done', slot, computeMs]);
    else this.#fail(slot, computeMs, unsendable);
  }

  flush(): void {
    if (this.#entries.length === 0) return;
    if (this.#waiting > 0 && !this.#packWaiting()) return;
    const entries = this.#entries as FromWorker[];
    const transfer = this.#transfer;
    this.#entries = [];
    this.#transfer = [];
    try {
      this.#post(entries, transfer);
    } catch (error) {
      this.#postOneByOne(entries, error);
      this.flush();
    }
  }

  #fail(slot: number, computeMs: number, { k, error }: Unsendable): void {
    this.sendPacked(slot, k, (codec) => ['failed', slot, computeMs, k, codec.packError(error)]);
  }

  /** Packs the entries that wait (an item that cannot travel fails its part); false while the codec is not there, and then flushes when it is. */
  #packWaiting(): boolean {
    if (this.#codec === undefined) {
      void this.load().then(() => this.flush());
      return false;
    }
    const entries = this.#entries;
    this.#entries = [];
    this.#waiting = 0;
    for (const entry of entries) {
      if ('make' in entry) {
        const failure = this.sendPacked(entry.slot, entry.k, entry.make);
        if (failure !== undefined && !this.#unsendable.has(entry.slot)) {
          this.#unsendable.set(entry.slot, failure);
        }
        continue;
      }
      const failure = entry[0] === 'done' ? this.#unsendable.get(entry[1]) : undefined;
      if (failure === undefined) this.#entries.push(entry);
      else {
        this.#unsendable.delete(entry[1] as number);
        this.#fail(entry[1] as number, entry[2] as number, failure);
      }
    }
    return true;
  }

  /** A value that looked plain could not be cloned: its part fails, all else in the batch goes through. */
  #postOneByOne(entries: readonly FromWorker[], error: unknown): void {
    for (const entry of entries) {
      const failure = entry[0] === 'done' ? this.#unsendable.get(entry[1]) : undefined;
      if (entry[0] === 'done' && failure !== undefined) {
        this.#unsendable.delete(entry[1]);
        this.#fail(entry[1], entry[2], failure);
        continue;
      }
      try {
        this.#post([entry], []);
      } catch (reason) {
        // A notice goes by itself, and its sender is told.
        if (entry[0] === 'notice') throw reason;
        const [kind, slot, k] = entry;
        if (kind === 'results' || kind === 'packed result') {
          if (!this.#unsendable.has(slot)) this.#unsendable.set(slot, { k, error: reason });
        } else if (kind === 'value') this.#fail(slot, entry[3], { k: 0, error: reason });
        else if (kind === 'failed') this.#fail(slot, k, { k: entry[3], error: reason });
        else if (kind !== 'report') throw error;
      }
    }
  }
}

async function loadCodec(): Promise<Codec> {
  const [graphs, errors] = await loading(
    Promise.all([import('../closure/pack.ts'), import('../closure/error.ts')]),
  );
  return { pack: graphs.pack, packError: errors.packError, unpackError: errors.unpackError };
}
