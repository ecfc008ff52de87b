/** What a worker holds: found by slot, and kept in the order in which it was given. */
import { slotCount } from './layout.ts';
import { isPart, type Part, type SmallCall, type Waiting } from './part.ts';

/** Before the first and behind the last. */
const end = slotCount;

/**
 * A small call is held as it is. It becomes a part when somebody asks for parts: to take it back, to stop it, or because
 * its worker has died. Mostly nobody does before its result is there.
 */
export class HeldParts {
  readonly #bySlot: (Waiting | undefined)[] = new Array<Waiting | undefined>(slotCount).fill(undefined);
  /** The slots that were given before and after each, a ring through {@link end}. */
  readonly #before = new Int16Array(slotCount + 1).fill(end);
  readonly #after = new Int16Array(slotCount + 1).fill(end);
  #size = 0;
  readonly #open: (call: SmallCall) => Part;

  /** `open` makes a part of a small call. */
  constructor(open: (call: SmallCall) => Part) {
    this.#open = open;
  }

  get size(): number {
    return this.#size;
  }

  /** What a slot holds, as it is. */
  at(slot: number): Waiting | undefined {
    return this.#bySlot[slot];
  }

  get(slot: number): Part | undefined {
    const held = slot < 0 ? undefined : this.#bySlot[slot];
    return held === undefined || isPart(held) ? held : this.#asPart(held, slot);
  }

  #asPart(call: SmallCall, slot: number): Part {
    const part = this.#open(call);
    part.slot = slot;
    this.#bySlot[slot] = part;
    return part;
  }

  /** The one that was given first. */
  get first(): Part | undefined {
    const slot = this.#after[end] as number;
    return slot === end ? undefined : this.get(slot);
  }

  /** Adds what has `slot` as its slot. */
  add(held: Waiting): void {
    const { slot } = held;
    const last = this.#before[end] as number;
    this.#bySlot[slot] = held;
    this.#before[slot] = last;
    this.#after[last] = slot;
    this.#after[slot] = end;
    this.#before[end] = slot;
    this.#size++;
  }

  delete(slot: number): void {
    const before = this.#before[slot] as number;
    const after = this.#after[slot] as number;
    this.#after[before] = after;
    this.#before[after] = before;
    this.#bySlot[slot] = undefined;
    this.#size--;
  }

  /** The parts as they are now, the first that was given first. */
  all(): Part[] {
    const parts: Part[] = [];
    for (let slot = this.#after[end] as number; slot !== end; slot = this.#after[slot] as number) {
      parts.push(this.get(slot) as Part);
    }
    return parts;
  }

  clear(): void {
    this.#bySlot.fill(undefined);
    this.#before.fill(end);
    this.#after.fill(end);
    this.#size = 0;
  }
}
