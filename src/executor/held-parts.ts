/** The parts that a worker holds: found by their slot, and kept in the order in which they were given to it. */
import { slotCount } from './layout.ts';
import { LinkedList } from './linked-list.ts';
import type { Part } from './part.ts';

export class HeldParts {
  readonly #bySlot: (Part | undefined)[] = new Array<Part | undefined>(slotCount).fill(undefined);
  readonly #inOrder = new LinkedList<Part>();

  get size(): number {
    return this.#inOrder.size;
  }

  get(slot: number): Part | undefined {
    return slot < 0 ? undefined : this.#bySlot[slot];
  }

  /** The one that was given first. */
  get first(): Part | undefined {
    return this.#inOrder.first;
  }

  /** Adds a part under its slot. */
  add(part: Part): void {
    this.#bySlot[part.slot] = part;
    this.#inOrder.add(part);
  }

  delete(part: Part): void {
    this.#bySlot[part.slot] = undefined;
    this.#inOrder.delete(part);
  }

  /** The parts as they are now, the first that was given first. */
  all(): Part[] {
    return this.#inOrder.all();
  }

  clear(): void {
    for (const part of this.all()) this.#inOrder.delete(part);
    this.#bySlot.fill(undefined);
  }
}
