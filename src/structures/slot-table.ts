/**
 * A hash table of words in shared memory: what is below `SharedMap`. README.md has the states, the races and the proofs.
 *
 * Keys and values are words here: the caller puts them into `key` and `value` before a call and finds them there after it.
 */
import { CapacityError } from '../base/errors.ts';
import { awaitUnlocked, holderOf, isLocked, lockedBy, stateOf } from './lock-word.ts';
import { threadIdentity } from './thread-identity.ts';

/** States of a slot. A slot that was used is never empty again: ways lead over it. */
export const EMPTY = 0;
export const DELETED = 1;
export const FULL = 2;

/** Words of the header: entries, and how many slots the longest way to any entry has. */
const SIZE = 0;
const REACH = 1;
/** Locks for new keys, each in a cache line of its own. */
const STRIPES = 64;
const STRIPE_WORDS = 16;
const STRIPES_AT = 16;
export const SLOTS_AT = STRIPES_AT + STRIPES * STRIPE_WORDS;
/** Words of a slot before its key: state, version, hash. */
const VERSION = 1;
const HASH = 2;
const KEY = 3;

/** What a table is made of; equal in all threads that use it. */
export interface TableShape {
  /** Entries at most. */
  readonly capacity: number;
  readonly keyWords: number;
  readonly valueWords: number;
  /** How long a lock that is not let go of is waited for. */
  readonly timeoutMs: number;
}

/** A power of two of slots, of which at least a quarter stay free. */
export function slotCount(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(8, Math.ceil((capacity * 4) / 3))));
}

/** Words that a table takes. */
export function tableWords(shape: TableShape): number {
  return SLOTS_AT + slotCount(shape.capacity) * strideOf(shape);
}

/** Words of a slot: its value has two places, of which the version's lowest bit says which one counts. */
function strideOf({ keyWords, valueWords }: TableShape): number {
  return KEY + keyWords + 2 * valueWords;
}

export class SlotTable {
  readonly shape: TableShape;
  /** The key that an operation is about, and how many of its words count. */
  readonly key: Int32Array;
  keyLength = 0;
  hash = 0;
  /** The value that an operation writes or has read. */
  readonly value: Int32Array;
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #stride: number;
  readonly #values: number;
  readonly #me: number;
  /** The version of the slot that {@link find} found. */
  version = 0;

  /** `me`: who holds what this object locks. */
  constructor(memory: ArrayBufferLike, shape: TableShape, me: number = threadIdentity()) {
    this.shape = shape;
    this.#me = me;
    this.#words = new Int32Array(memory, 0, tableWords(shape));
    this.#mask = slotCount(shape.capacity) - 1;
    this.#stride = strideOf(shape);
    this.#values = KEY + shape.keyWords;
    this.key = new Int32Array(shape.keyWords);
    // Even, so that it can be seen as elements of 8 bytes.
    this.value = new Int32Array(shape.valueWords + (shape.valueWords & 1));
  }

  get size(): number {
    return Math.max(0, Atomics.load(this.#words, SIZE));
  }

  /** Offsets of all slots. */
  *slots(): IterableIterator<number> {
    for (let i = 0; i <= this.#mask; i++) yield SLOTS_AT + i * this.#stride;
  }

  /**
   * The slot that holds the key, −1 when there is none. What it reads may be changing: {@link confirm} says afterwards whether
   * the key, and a value read meanwhile, were those of `version`.
   */
  find(): number {
    const words = this.#words;
    const { hash } = this;
    const reach = Atomics.load(words, REACH);
    let i = hash & this.#mask;
    for (let step = 1; step <= reach; step++) {
      const slot = SLOTS_AT + i * this.#stride;
      const word = Atomics.load(words, slot);
      if (word === EMPTY) return -1;
      if (stateOf(word) === FULL) {
        const version = Atomics.load(words, slot + VERSION);
        if (this.#hasKey(slot)) {
          this.version = version;
          return slot;
        }
      }
      i = (i + step) & this.#mask; // triangular numbers: every slot of a power of two once
    }
    return -1;
  }

  /** Whether a slot still is as {@link find} or {@link load} found it. */
  confirm(slot: number): boolean {
    const words = this.#words;
    return (
      stateOf(Atomics.load(words, slot)) === FULL && Atomics.load(words, slot + VERSION) === this.version
    );
  }

  /** Reads the value of a slot as it was at `version`. */
  read(slot: number): void {
    const words = this.#words;
    const { valueWords } = this.shape;
    const from = slot + this.#values + (this.version & 1) * valueWords;
    for (let k = 0; k < valueWords; k++) this.value[k] = Atomics.load(words, from + k);
  }

  /** Reads key and value of any slot; false when it holds none. */
  load(slot: number): boolean {
    const words = this.#words;
    while (stateOf(Atomics.load(words, slot)) === FULL) {
      this.version = Atomics.load(words, slot + VERSION);
      for (let k = 0; k < this.shape.keyWords; k++) this.key[k] = Atomics.load(words, slot + KEY + k);
      this.read(slot);
      if (this.confirm(slot)) return true;
    }
    return false;
  }

  /**
   * Locks a slot that {@link find} found, or waits a little; false when the caller is to look again. Its version is the one that
   * was found, or with `any` whatever it is now.
   */
  lock(slot: number, any: boolean): boolean {
    const words = this.#words;
    const found = Atomics.compareExchange(words, slot, FULL, lockedBy(this.#me, FULL));
    if (found !== FULL) {
      if (isLocked(found)) this.#await(slot, found);
      return false;
    }
    const version = Atomics.load(words, slot + VERSION);
    if (version === this.version) return true;
    this.version = version;
    if (any && this.#hasKey(slot)) return true;
    this.unlock(slot);
    return false;
  }

  /** Lets go of a slot as it is. */
  unlock(slot: number): void {
    Atomics.store(this.#words, slot, FULL);
  }

  /** Writes the value into a locked slot and lets go of it. */
  publish(slot: number): void {
    this.#write(slot, this.version + 1);
    Atomics.store(this.#words, slot, FULL);
  }

  /** Empties a locked slot. */
  remove(slot: number): void {
    Atomics.sub(this.#words, SIZE, 1);
    Atomics.store(this.#words, slot, DELETED);
  }

  /**
   * Adds the key with the value; false when the caller is to look again: somebody has added it, or was faster with the slot.
   *
   * @throws CapacityError when there is no room
   */
  insert(owner: string): boolean {
    const words = this.#words;
    // Stripes by the upper bits, places by the lower ones.
    const stripe = STRIPES_AT + (this.hash >>> 26) * STRIPE_WORDS;
    this.#lockStripe(stripe);
    const [slot, steps] = this.#place();
    let state = -1;
    if (slot >= 0) {
      const word = Atomics.load(words, slot);
      if ((word === EMPTY || word === DELETED) && Atomics.load(words, SIZE) < this.shape.capacity)
        if (Atomics.compareExchange(words, slot, word, lockedBy(this.#me, word)) === word) state = word;
    }
    if (state < 0) {
      Atomics.store(words, stripe, 0);
      const isFull = slot === NO_SLOT || Atomics.load(words, SIZE) >= this.shape.capacity;
      if (isFull && slot !== EXISTS && !this.#recount()) this.#refuse(owner);
      return false;
    }
    for (let k = 0; k < this.keyLength; k++) words[slot + KEY + k] = this.key[k]!;
    words[slot + HASH] = this.hash;
    this.#write(slot, Atomics.load(words, slot + VERSION) + 1);
    // Before the entry can be seen: who looks for it goes that far.
    for (let reach = Atomics.load(words, REACH); reach < steps;)
      reach = Atomics.compareExchange(words, REACH, reach, steps);
    const isOver = Atomics.add(words, SIZE, 1) >= this.shape.capacity;
    if (isOver) Atomics.sub(words, SIZE, 1);
    Atomics.store(words, slot, isOver ? DELETED : FULL);
    Atomics.store(words, stripe, 0);
    if (!isOver) return true;
    if (!this.#recount()) this.#refuse(owner);
    return false;
  }

  /**
   * Corrects the number of entries, before the map is called full: threads that died have left some counted that are not there.
   * Whether there were such. Counted beside changes of others it may be off by what they do meanwhile; so it never only grows.
   */
  #recount(): boolean {
    const words = this.#words;
    const before = Atomics.load(words, SIZE);
    let count = 0;
    for (const slot of this.slots()) {
      const word = Atomics.load(words, slot);
      if (isLocked(word) || stateOf(word) === FULL) count++;
    }
    return count < before && Atomics.compareExchange(words, SIZE, before, count) === before;
  }

  /** Where a new key goes, and how many slots the way there has: the first free one; `EXISTS` when the key is there. */
  #place(): readonly [slot: number, steps: number] {
    const words = this.#words;
    const reach = Atomics.load(words, REACH);
    let free = NO_SLOT;
    let steps = 0;
    let i = this.hash & this.#mask;
    for (let step = 1; step <= this.#mask + 1; step++) {
      const slot = SLOTS_AT + i * this.#stride;
      const word = Atomics.load(words, slot);
      if (stateOf(word) === FULL && this.#hasKey(slot)) return [EXISTS, step];
      if (free === NO_SLOT && (word === EMPTY || word === DELETED)) {
        free = slot;
        steps = step;
      }
      if (word === EMPTY || (free !== NO_SLOT && step >= reach)) break;
      i = (i + step) & this.#mask;
    }
    return [free, steps];
  }

  #hasKey(slot: number): boolean {
    const words = this.#words;
    const { key, keyLength } = this;
    if (Atomics.load(words, slot + HASH) !== this.hash) return false;
    for (let k = 0; k < keyLength; k++) if (Atomics.load(words, slot + KEY + k) !== key[k]) return false;
    return true;
  }

  /** The value goes where nobody reads: the place that counts changes with the version. */
  #write(slot: number, version: number): void {
    const words = this.#words;
    const { valueWords } = this.shape;
    const to = slot + this.#values + (version & 1) * valueWords;
    for (let k = 0; k < valueWords; k++) words[to + k] = this.value[k]!;
    Atomics.store(words, slot + VERSION, version);
  }

  #lockStripe(stripe: number): void {
    const words = this.#words;
    const mine = lockedBy(this.#me, 0);
    for (;;) {
      const found = Atomics.compareExchange(words, stripe, 0, mine);
      if (found === 0) return;
      if (awaitUnlocked('SharedMap', words, stripe, found, this.shape.timeoutMs)) continue;
      // Its holder has ended, perhaps with a slot in hand that nobody else would ever touch.
      if (Atomics.compareExchange(words, stripe, found, mine) !== found) continue;
      for (const slot of this.slots()) {
        const word = Atomics.load(words, slot);
        if (isLocked(word) && holderOf(word) === holderOf(found)) this.#repair(slot, word);
      }
      return;
    }
  }

  #await(slot: number, seen: number): void {
    if (!awaitUnlocked('SharedMap', this.#words, slot, seen, this.shape.timeoutMs)) this.#repair(slot, seen);
  }

  /** Takes a slot from a holder that has ended. An entry is as before; what was to become one is a gap. */
  #repair(slot: number, seen: number): void {
    Atomics.compareExchange(this.#words, slot, seen, stateOf(seen) === FULL ? FULL : DELETED);
  }

  #refuse(owner: string): never {
    const { capacity } = this.shape;
    throw new CapacityError(
      `${owner}(): the map is full: it was made for ${capacity} entries; make it with a larger \`capacity\`, or delete some`,
      capacity,
    );
  }
}

/** What {@link SlotTable} finds instead of a place for a key. */
const NO_SLOT = -1;
const EXISTS = -2;
