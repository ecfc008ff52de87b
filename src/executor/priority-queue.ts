/** A queue in order of priority, and of arrival among equals. */
import { Fifo } from './fifo.ts';

/**
 * Items by priority: one lane for each priority in use, the highest first.
 *
 * `push` and `shift` cost amortised constant time for a few priorities. A deleted item stays in its lane as a mark
 * until its turn comes, so `delete` is cheap as well.
 */
export class PriorityQueue<T extends object> {
  readonly #lanes: { readonly priority: number; readonly items: Fifo<T> }[] = [];
  readonly #deleted = new WeakSet<T>();
  #size = 0;

  /** Items that wait. */
  get size(): number {
    return this.#size;
  }

  push(item: T, priority: number): void {
    this.#size++;
    let at = 0;
    while (at < this.#lanes.length && (this.#lanes[at]?.priority as number) > priority) at++;
    let lane = this.#lanes[at];
    if (lane?.priority !== priority) {
      lane = { priority, items: new Fifo() };
      this.#lanes.splice(at, 0, lane);
    }
    lane.items.push(item);
  }

  /** The next item. */
  shift(): T | undefined {
    for (let lane = this.#lanes[0]; lane !== undefined; lane = this.#lanes[0]) {
      for (let item = lane.items.shift(); item !== undefined; item = lane.items.shift()) {
        if (this.#deleted.delete(item)) continue;
        this.#size--;
        return item;
      }
      this.#lanes.shift();
    }
    return undefined;
  }

  /** Takes out an item that waits. */
  delete(item: T): void {
    if (this.#deleted.has(item)) return;
    this.#deleted.add(item);
    this.#size--;
  }
}
