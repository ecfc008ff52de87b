/**
 * A ring of slot numbers with one producer and one consumer.
 *
 * `head` counts what was published and only grows (modulo 2³²); each side keeps its own count of what it wrote or read. The producer writes an
 * entry, then publishes `head`; the consumer reads `head`, then the entry: a consumer that sees a head sees all that was
 * written before it, the record of the slot included. There is no test for a full ring: it has an entry for every slot,
 * and a slot is in it once at most (the README beside this file says why).
 */
import { slotCount, type RingLayout } from './layout.ts';

const mask = slotCount - 1;

/** The end that writes. */
export class RingProducer {
  readonly #words: Int32Array;
  readonly #layout: RingLayout;
  /** Entries written, of which `#published` are visible. */
  #written = 0;
  #published = 0;

  constructor(words: Int32Array, layout: RingLayout) {
    this.#words = words;
    this.#layout = layout;
  }

  /** Something was written and not yet published. */
  get dirty(): boolean {
    return this.#written !== this.#published;
  }

  push(slot: number): void {
    this.#words[this.#layout.entries + (this.#written & mask)] = slot;
    this.#written = (this.#written + 1) | 0;
  }

  publish(): void {
    this.#published = this.#written;
    Atomics.store(this.#words, this.#layout.head, this.#written);
  }

  /** The slots that were written and not yet published. */
  unpublished(): number[] {
    const slots: number[] = [];
    for (let at = this.#published; at !== this.#written; at = (at + 1) | 0) {
      slots.push(this.#words[this.#layout.entries + (at & mask)] as number);
    }
    return slots;
  }
}

/** The end that reads. */
export class RingConsumer {
  readonly #words: Int32Array;
  readonly #layout: RingLayout;
  #consumed = 0;
  /** `head` as it was last seen. */
  #head = 0;

  constructor(words: Int32Array, layout: RingLayout) {
    this.#words = words;
    this.#layout = layout;
  }

  /** The oldest slot that is there, which stays; −1 when there is none. */
  peek(): number {
    if (this.#head === this.#consumed) {
      this.#head = Atomics.load(this.#words, this.#layout.head);
      if (this.#head === this.#consumed) return -1;
    }
    return this.#words[this.#layout.entries + (this.#consumed & mask)] as number;
  }

  /** Takes the slot that {@link peek} has shown. */
  shift(): void {
    this.#consumed = (this.#consumed + 1) | 0;
  }
}
