/** Operations over an input that is all there: chunks are planned, a few kept under way, failed parts run again. */
import { Call } from './call.ts';
import type { ChunkPlanner } from './chunk-planner.ts';
import type { AnyFunction } from '../closure/index.ts';
import type { Flight, Work } from './flight.ts';
import { Helper } from './help.ts';

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
  /** The calling thread, where it takes part. */
  #helper: Helper | undefined;

  /** Every item of the phase has ended: either {@link load}s the next one or finishes. */
  protected abstract complete(): void;

  /** Sets the work of the (next) phase. */
  protected load(work: Work, length: number, planner: ChunkPlanner): void {
    this.#work = work;
    this.#planner = planner;
    this.#position = 0;
    this.#end = length;
  }

  /** Items below `position` have their results already: nothing has been launched yet. */
  protected skipTo(position: number): void {
    this.#position = position;
  }

  /** Launches nothing from item `end` on any more, and cancels what is under way there. */
  protected shorten(end: number): void {
    if (end >= this.#end) return;
    this.#end = end;
    for (const flight of [...this.#flights]) {
      if (flight.from < end) continue;
      this.#flights.delete(flight);
      this.#recall(flight, new DOMException(`${this.name} has its answer`, 'AbortError'));
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
    if (this.#work !== undefined) this.#help(this.#work.fns);
    this.pump();
  }

  /** Lets the calling thread take part, if that was asked for and is possible. */
  #help(fns: readonly AnyFunction[]): void {
    const { help, timeoutMs } = this.settings;
    if (!help || this.blocking || timeoutMs !== undefined || !this.core.backend.capabilities.isolated) return;
    this.#helper = new Helper(this.core, fns, () => this.pump());
  }

  /** What the calling thread does next; `size` items would be good. */
  protected helpWith(size: number): Flight | undefined {
    return this.#next(size);
  }

  #recall(flight: Flight, reason: unknown): void {
    if (this.#helper?.cancel(flight, reason) !== true) this.core.backend.cancel(flight, reason);
  }

  /** Gives the calling thread something to do. */
  #employ(): void {
    const helper = this.#helper;
    if (helper?.idle !== true || this.#work?.fns !== helper.fns) return;
    const flight = this.helpWith(helper.size);
    if (flight === undefined) return;
    this.#flights.add(flight);
    if (!helper.take(flight)) this.send(flight);
  }

  /** Launches chunks while there is room, and completes the phase when nothing is left. */
  protected pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.settled) {
      this.#employ();
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

  #next(most = Infinity): Flight | undefined {
    for (let piece = this.#pieces.pop(); piece !== undefined; piece = this.#pieces.pop()) {
      if (piece.from >= this.#end) continue;
      const to = Math.min(piece.to, piece.from + most);
      if (to < piece.to) this.#pieces.push({ ...piece, from: to });
      return this.flight(piece.work, piece.from, to);
    }
    const left = this.#end - this.#position;
    if (left <= 0 || this.#work === undefined || this.#planner === undefined) return undefined;
    const from = this.#position;
    this.#position += this.#planner.next(left, most);
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
    for (const flight of [...this.#flights]) this.#recall(flight, reason);
    this.#flights.clear();
    this.#work = undefined;
  }
}
