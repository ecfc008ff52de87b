/** `reduce` and `mapReduce`: folds over fixed blocks in workers, then a tree over their results. */
import { arithmeticCopy, type AnyFunction } from '../closure/index.ts';
import { BulkCall } from './bulk-call.ts';
import type { CallOrigin } from './call.ts';
import { ChunkPlanner } from './chunk-planner.ts';
import type { Flight, Work } from './flight.ts';
import { mergeMaps } from './group.ts';
import { runInline } from './inline.ts';

/** Partial results that one step of the tree puts together. */
const FAN_IN = 16;
/** An input is cut into at most this many blocks of `reduce`, and of `mapReduce`, whose partial results are larger. */
const FOLD_BLOCKS = 256;
const GROUP_BLOCKS = 128;

type Combine = (a: unknown, b: unknown) => unknown;

/** What the leaves and the inner nodes of a tree do. */
export interface Tree {
  readonly leaf: 'fold' | 'group';
  readonly leafFns: readonly AnyFunction[];
  readonly inner: 'fold' | 'merge';
  readonly innerFns: readonly AnyFunction[];
  /** Goes in at the left of the last step. */
  readonly initial?: { readonly value: unknown } | undefined;
}

/** Items per leaf: it depends on the input's length alone, and with it the shape of the tree. */
export function blockSize(leaf: Tree['leaf'], length: number): number {
  return leaf === 'fold'
    ? Math.max(2, Math.ceil(length / FOLD_BLOCKS))
    : Math.max(1, Math.ceil(length / GROUP_BLOCKS));
}

/**
 * Folds neighbours, level by level.
 *
 * The tree depends on the number of items alone, never on workers or timing, so that a fold that is associative only
 * up to rounding gives the same bits every time. Inner nodes run in workers too, except for numbers that a function puts
 * together which only computes: those are here already, and adding them takes less time than sending them.
 */
export class TreeCall<R> extends BulkCall<R> {
  readonly #tree: Tree;
  #depth = 0;
  #size = 1;
  #partials: unknown[] = [];
  /** What puts partial results together in this thread, where nobody can tell the difference. */
  readonly #here: Combine | undefined;

  constructor(origin: CallOrigin, tree: Tree, items: ArrayLike<unknown>) {
    super(origin);
    this.#tree = tree;
    this.total = items.length;
    if (items.length > blockSize(tree.leaf, items.length)) this.#here = this.#arithmetic();
    this.#level(items, blockSize(tree.leaf, items.length), tree.leaf, tree.leafFns);
  }

  /** One chunk per block of `size` items. */
  #level(items: ArrayLike<unknown>, size: number, op: Work['op'], fns: readonly AnyFunction[]): void {
    const blocks = Math.ceil(items.length / size);
    const { initial } = this.#tree;
    const last = blocks === 1 && initial !== undefined;
    const all = last ? [initial.value, ...Array.from(items)] : items;
    this.#size = last ? all.length : size;
    this.#partials = new Array<unknown>(blocks);
    const { workers } = this.core.backend;
    const planner = new ChunkPlanner({ length: all.length, workers, chunk: this.#size });
    this.load({ op, fns, items: all, base: 0 }, all.length, planner);
  }

  protected override wholeChunk(flight: Flight): Work {
    return flight.work;
  }

  override accept(_flight: Flight, k: number, values: ArrayLike<unknown>): void {
    this.#partials[Math.floor(k / this.#size)] = values[0];
  }

  protected override landedWell(flight: Flight, computeMs: number): void {
    if (this.#depth === 0)
      this.advance(Math.min(flight.to - flight.from, (this.total ?? 0) - this.completed));
    super.landedWell(flight, computeMs);
  }

  protected override complete(): void {
    const partials = this.#partials;
    if (partials.length === 1) {
      this.finish(partials[0] as R);
      return;
    }
    this.#depth++;
    const combine = this.#here;
    if (combine === undefined || !partials.every(holdsNumbers)) {
      this.#level(partials, FAN_IN, this.#tree.inner, this.#tree.innerFns);
      return;
    }
    const step = this.#steps(partials, combine);
    if (this.blocking) while (step());
    else runInline(step);
  }

  /** The inner function, captured now, if it only computes. */
  #arithmetic(): Combine | undefined {
    const { initial, innerFns } = this.#tree;
    if (!this.core.backend.capabilities.isolated) return undefined;
    if (initial !== undefined && typeof initial.value !== 'number') return undefined;
    return arithmeticCopy(innerFns[0] as AnyFunction) as Combine | undefined;
  }

  /** The same as a level in workers, one node at each step. */
  #steps(partials: readonly unknown[], combine: Combine): () => boolean {
    const { inner, initial } = this.#tree;
    const next: unknown[] = [];
    return () => {
      if (this.settled) return false;
      const from = next.length * FAN_IN;
      const node = partials.slice(from, from + FAN_IN);
      if (partials.length <= FAN_IN && initial !== undefined) node.unshift(initial.value);
      next.push(
        inner === 'fold'
          ? node.reduce((a, b) => combine(a, b))
          : mergeMaps(node as Map<unknown, unknown>[], combine),
      );
      if (from + FAN_IN < partials.length) return true;
      this.#partials = next;
      this.complete();
      return false;
    };
  }

  protected override where(flight: Flight, k: number): string {
    // Items of the inner levels are partial results: their numbers say nothing to the caller.
    return this.#depth === 0 ? super.where(flight, k) : `${this.name} (task #${this.id})`;
  }
}

/** A number, or a group's map of numbers. */
function holdsNumbers(partial: unknown): boolean {
  if (!(partial instanceof Map)) return typeof partial === 'number';
  for (const value of partial.values()) if (typeof value !== 'number') return false;
  return true;
}
