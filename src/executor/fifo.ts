/** A first-in, first-out queue in amortised constant time. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The `k`-th item from the front. */
  at(k: number): T | undefined {
    return this.#items[this.#head + k];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head] as T;
    // The slot must not keep the item alive.
    this.#items[this.#head++] = undefined as T;
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes the first `count` items. */
  take(count: number): T[] {
    const taken: T[] = [];
    while (taken.length < count && this.size > 0) taken.push(this.shift() as T);
    return taken;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
