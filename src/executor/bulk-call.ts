/** Operations over an input that is all there: chunks are planned, a few kept under way, failed parts run again. */
import { Call } from './call.ts';
import type { ChunkPlanner } from './chunk-planner.ts';
import type { Flight, Work } from './flight.ts';

/** Part of some work that has to run. */
interface Piece {
  readonly work: Work;
  readonly from: number;
  readonly to: number;
}

/**
 * Keeps about two chunks per worker under way until the work is done.
 *
 * Everything below `#position` was launched at least once; an item has its result, or is in `#flights`, in `#pieces`
 * (to be launched again) or waits in `#timers`. When all three are empty and `#position` has reached `#end`, the phase
 * is complete.
 */
export abstract class BulkCall<R> extends Call<R> {
  #work: Work | undefined;
  #planner: ChunkPlanner | undefined;
  #position = 0;
  #end = 0;
  #pumping = false;
  readonly #pieces: Piece[] = [];
  readonly #flights = new Set<Flight>();
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Every item of the phase has ended: either {@link load}s the next one or finishes. */
  protected abstract complete(): void;

  /** Sets the work of the (next) phase. */
  protected load(work: Work, length: number, planner: ChunkPlanner): void {
    this.#work = work;
    this.#planner = planner;
    this.#position = 0;
    this.#end = length;
  }

  /** Launches nothing from item `end` on any more, and cancels what is under way there. */
  protected shorten(end: number): void {
    if (end >= this.#end) return;
    this.#end = end;
    for (const flight of [...this.#flights]) {
      if (flight.from < end) continue;
      this.#flights.delete(flight);
      this.core.backend.cancel(flight, new DOMException(`${this.name} has its answer`, 'AbortError'));
    }
  }

  /** Launches missing parts of a failed flight below `limit` again, item `except` left out. */
  protected relaunch(flight: Flight, limit: number, except: number): void {
    for (const [from, to] of flight.missing(limit, except))
      this.#pieces.push({ work: flight.work, from, to });
  }

  /** Work that one chunk does alone when it runs again; `undefined` when chunks consist of items. */
  protected wholeChunk(_flight: Flight): Work | undefined {
    return undefined;
  }

  protected override begin(): void {
    this.pump();
  }

  /** Launches chunks while there is room, and completes the phase when nothing is left. */
  protected pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.settled) {
      if (this.#flights.size < 2 * this.core.backend.workers + 1) {
        const flight = this.#next();
        if (flight !== undefined) {
          this.#flights.add(flight);
          this.send(flight);
          continue;
        }
      }
      if (this.#flights.size > 0 || this.#timers.size > 0) break;
      this.complete();
      if (this.#position >= this.#end && this.#flights.size === 0) break;
    }
    this.#pumping = false;
  }

  #next(): Flight | undefined {
    for (let piece = this.#pieces.pop(); piece !== undefined; piece = this.#pieces.pop()) {
      if (piece.from < this.#end) return this.flight(piece.work, piece.from, piece.to);
    }
    const left = this.#end - this.#position;
    if (left <= 0 || this.#work === undefined || this.#planner === undefined) return undefined;
    const from = this.#position;
    this.#position += this.#planner.next(left);
    return this.flight(this.#work, from, this.#position);
  }

  protected override removed(flight: Flight): void {
    this.#flights.delete(flight);
  }

  protected override dropped(flight: Flight, reason: unknown): void {
    // Beyond the end: cancelled by `shorten`.
    if (flight.from >= this.#end) this.pump();
    else super.dropped(flight, reason);
  }

  protected override landedWell(flight: Flight, computeMs: number): void {
    this.#planner?.ended(flight.to - flight.from, computeMs);
    this.pump();
  }

  protected override again(flight: Flight, k: number, delayMs: number): void {
    const whole = this.wholeChunk(flight);
    if (whole === undefined) this.relaunch(flight, flight.to, k);
    const piece =
      whole === undefined
        ? { work: flight.work, from: k, to: k + 1 }
        : { work: whole, from: flight.from, to: flight.to };
    let timer: NodeJS.Timeout | undefined;
    const run = () => {
      if (timer !== undefined) this.#timers.delete(timer);
      this.#pieces.push(piece);
      this.pump();
    };
    timer = this.later(delayMs, run);
    if (timer !== undefined) this.#timers.add(timer);
    this.pump();
  }

  protected override abandon(reason: unknown): void {
    this.#pieces.length = 0;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const flight of [...this.#flights]) this.core.backend.cancel(flight, reason);
    this.#flights.clear();
    this.#work = undefined;
  }
}
