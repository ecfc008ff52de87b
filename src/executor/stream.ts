/** `stream`: results of an input of any length, with backpressure in both directions. */
import type { AnyFunction } from '../closure/index.ts';
import type { Op } from './backend.ts';
import { Call, type CallOrigin } from './call.ts';
import { ChunkPlanner } from './chunk-planner.ts';
import { Fifo } from './fifo.ts';
import type { Flight, Work } from './flight.ts';
import type { Source } from './inputs.ts';
import { OrderedResults, UnorderedResults, type StreamResults } from './stream-results.ts';

/** Chunks of a stream stay small: nobody knows how large its items are, and the window is a few chunks per worker. */
const MOST_ITEMS = 256;
const LEAST_WINDOW = 64;

interface Waiter<R> {
  readonly resolve: (result: IteratorResult<R, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** How a stream runs, besides its settings. */
export interface StreamPlan<T> {
  readonly op: Op & ('map' | 'each');
  readonly fn: AnyFunction;
  readonly source: () => Source<T>;
  /** An item's failure ends the stream at once, also in ordered mode. */
  readonly failFast: boolean;
}

/**
 * The state of a stream.
 *
 * An item is taken from the input, waits in `#pending`, is under way in a flight (or waits to run again), has its
 * result in `#results`, is yielded. `#taken - #results.yielded` never passes the window; the input is read only below
 * it, and only while a chunk could be sent (or, of an asynchronous input, could fill up meanwhile).
 */
export class StreamCall<T, R> extends Call<void> {
  readonly #plan: StreamPlan<T>;
  readonly #fns: readonly AnyFunction[];
  readonly #planner: ChunkPlanner;
  readonly #results: StreamResults;
  readonly #pending = new Fifo<T>();
  readonly #waiters = new Fifo<Waiter<R>>();
  readonly #flights = new Set<Flight>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #pieces: { readonly work: Work; readonly from: number; readonly to: number }[] = [];
  #source: Source<T> | undefined;
  #taken = 0;
  #reading = false;
  /** Nothing more comes from the input; `#inputError` is how it ended if not well. */
  #inputDone = false;
  #inputError: { readonly error: unknown } | undefined;
  /** Results from this index on are not wanted. */
  #end = Infinity;
  #pumping = false;
  /** How the stream ended, when the next pull has yet to learn of it. */
  #ending: { readonly error: unknown } | undefined;
  /** The consumer wants no more. */
  #stopped = false;
  #closing: Promise<void> | undefined;

  constructor(origin: CallOrigin, plan: StreamPlan<T>) {
    super(origin);
    this.#plan = plan;
    this.#fns = [plan.fn];
    const { chunk, window, ordered } = origin.settings;
    const { workers } = origin.core.backend;
    const most = window === undefined ? MOST_ITEMS : Math.max(1, Math.floor(window / (2 * workers)));
    this.#planner = new ChunkPlanner({ length: undefined, workers, chunk, most });
    this.#results = ordered ? new OrderedResults() : new UnorderedResults();
    this.resolve = () => this.#deliver();
    this.reject = (error) => {
      if (!this.#stopped) this.#ending = { error };
      this.#deliver();
    };
  }

  protected override get callsBack(): boolean {
    return true;
  }

  protected override get tracking(): boolean {
    return true;
  }

  /** The next result. Calls may come before earlier ones have settled; they are served in order. */
  next(): Promise<IteratorResult<R, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.status === 'queued' && !this.core.calls.has(this)) this.start();
      this.#deliver();
      this.#pump();
    });
  }

  /** Ends the stream early: what is under way is cancelled, the input is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ending = undefined;
    const early = this.cancel(new DOMException(`the stream ${this.name} was ended early`, 'AbortError'));
    if (early) await this.#closing;
  }

  protected override begin(): void {
    this.#source = this.inContext(this.#plan.source);
    this.#pump();
  }

  override drain(): void {
    if (!this.#inputDone) {
      this.#inputError = { error: this.core.closedError(`${this.name} on the rest of its input`) };
      this.#closeInput();
      this.#inputDone = true;
    }
    this.#settleDrained();
    this.#deliver();
  }

  /** Lets the executor close when nothing of a stream is under way, whether or not its results are read. */
  #settleDrained(): void {
    if (this.core.closed && this.#idle && this.#pending.size === 0) this.core.leave(this);
  }

  get #idle(): boolean {
    return this.#flights.size === 0 && this.#timers.size === 0 && this.#pieces.length === 0;
  }

  get #window(): number {
    const { window, chunk } = this.settings;
    return window ?? Math.max(LEAST_WINDOW, 4 * this.core.backend.workers * (chunk ?? this.#chunk()));
  }

  #chunk(): number {
    return Math.min(this.#planner.next(Infinity), this.settings.window ?? Infinity);
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const { workers } = this.core.backend;
    while (!this.settled && this.#source !== undefined) {
      while (!this.settled && this.#launch());
      const room = this.#window - (this.#taken - this.#results.yielded);
      if (this.#inputDone || this.#reading || room <= 0 || this.settled) break;
      const chunk = this.#chunk();
      if (this.#source.async) {
        if (this.#pending.size >= chunk) break;
        this.#readLater(this.#source.iterator);
        break;
      }
      // A place that became free is not worth a message while every worker has something to do.
      if (this.#flights.size >= (room < chunk ? workers : this.#most)) break;
      this.#readNow(this.#source.iterator, Math.min(room, chunk));
    }
    this.#pumping = false;
    this.#deliver();
  }

  /** Chunks under way at a time. */
  get #most(): number {
    return 2 * this.core.backend.workers + 1;
  }

  /**
   * Sends a part that has to run again, or what has been taken. Items wait for their chunk to fill only while there is a
   * chunk under way for every worker.
   */
  #launch(): boolean {
    if (this.#flights.size >= this.#most) return false;
    const piece = this.#pieces.pop();
    if (piece !== undefined) {
      if (piece.work.base + piece.from < this.#end) this.#send(piece.work, piece.from, piece.to);
      return true;
    }
    const chunk = this.#chunk();
    const { size } = this.#pending;
    if (size === 0) return false;
    if (size < chunk && !this.#inputDone && this.#flights.size >= this.core.backend.workers) return false;
    const base = this.#taken - size;
    const items = this.#pending.take(chunk);
    this.#results.sent(base, items.length);
    this.#send({ op: this.#plan.op, fns: this.#fns, items, base }, 0, items.length);
    return true;
  }

  #send(work: Work, from: number, to: number): void {
    const flight = this.flight(work, from, to);
    this.#flights.add(flight);
    this.send(flight);
  }

  #readNow(iterator: Iterator<T>, most: number): void {
    this.#reading = true;
    try {
      this.inContext(() => {
        for (let n = 0; n < most && !this.#inputDone; n++) this.#take(iterator.next());
      });
    } catch (error) {
      this.#inputFailed(error);
    }
    this.#reading = false;
  }

  #readLater(iterator: AsyncIterator<T>): void {
    this.#reading = true;
    const taken = (result: IteratorResult<T>) => {
      this.#reading = false;
      if (this.settled || this.#inputDone) return;
      this.#take(result);
      this.#pump();
    };
    const failed = (error: unknown) => {
      this.#reading = false;
      if (this.settled || this.#inputDone) return;
      this.#inputFailed(error);
      this.#pump();
    };
    try {
      Promise.resolve(this.inContext(() => iterator.next())).then(taken, failed);
    } catch (error) {
      this.#reading = false;
      this.#inputFailed(error);
    }
  }

  #take(result: IteratorResult<T>): void {
    if (result.done) {
      this.#inputDone = true;
      this.total = this.#taken;
    } else if (!this.#inputDone) {
      this.#pending.push(result.value);
      this.#taken++;
    }
  }

  #inputFailed(error: unknown): void {
    this.#inputDone = true;
    this.#inputError = { error };
  }

  /** Gives waiting consumers what there is. */
  #deliver(): void {
    while (this.#waiters.size > 0) {
      if (this.#ending !== undefined) {
        const { error } = this.#ending;
        this.#ending = undefined;
        this.#waiters.shift()?.reject(error);
        continue;
      }
      if (this.settled) {
        this.#waiters.shift()?.resolve({ done: true, value: undefined });
        continue;
      }
      const pull = this.#results.pull();
      if (pull.kind === 'value') {
        this.#waiters.shift()?.resolve({ done: false, value: pull.value as R });
      } else if (pull.kind === 'error') this.fail(pull.error);
      else if (this.#inputDone && this.#results.yielded >= this.#taken) {
        if (this.#inputError === undefined) this.finish(undefined);
        else this.fail(this.#inputError.error);
      } else return;
    }
  }

  override accept(flight: Flight, k: number, values: ArrayLike<unknown>): void {
    if (this.settled) return;
    this.#results.accept(flight.base, k, values);
    this.advance(values.length);
    this.#deliver();
    this.#pump();
  }

  protected override landedWell(flight: Flight, computeMs: number): void {
    this.forgetTries(flight);
    this.#planner.ended(flight.to - flight.from, computeMs);
    if (flight.op === 'each') this.accept(flight, flight.from, new Array(flight.to - flight.from));
    this.#pump();
    this.#settleDrained();
  }

  protected override again(flight: Flight, k: number, delayMs: number): void {
    const whole = flight.op === 'each';
    if (!whole) this.#relaunch(flight, flight.to, k);
    const from = whole ? flight.from : k;
    const piece = { work: flight.work, from, to: whole ? flight.to : k + 1 };
    let timer: NodeJS.Timeout | undefined;
    timer = this.later(delayMs, () => {
      if (timer !== undefined) this.#timers.delete(timer);
      this.#pieces.push(piece);
      this.#pump();
      this.#settleDrained();
    });
    if (timer !== undefined) this.#timers.add(timer);
    this.#pump();
  }

  #relaunch(flight: Flight, limit: number, except: number): void {
    for (const [from, to] of flight.missing(limit, except))
      this.#pieces.push({ work: flight.work, from, to });
  }

  protected override failedForGood(flight: Flight, k: number, error: unknown): void {
    if (this.#plan.failFast) {
      this.fail(error);
      return;
    }
    this.#end = this.#results.fail(flight.base + k, error);
    this.#inputError = undefined;
    this.#pending.clear();
    this.#closeInput();
    this.#inputDone = true;
    for (const other of [...this.#flights]) {
      if (other.base + other.from < this.#end) continue;
      this.#flights.delete(other);
      this.core.backend.cancel(
        other,
        new DOMException(`${this.name} failed at an earlier item`, 'AbortError'),
      );
    }
    this.#relaunch(flight, Math.min(flight.to, this.#end - flight.base), k);
    this.#pump();
    this.#settleDrained();
  }

  /** Which item of a chunk it was shows when they go one by one. */
  protected override unsendable(flight: Flight, error: unknown): void {
    if (flight.to - flight.from === 1) {
      this.failedForGood(flight, flight.from, error);
      return;
    }
    for (let k = flight.to - 1; k >= flight.from; k--) {
      this.#pieces.push({ work: flight.work, from: k, to: k + 1 });
    }
  }

  protected override dropped(flight: Flight, reason: unknown): void {
    if (flight.base + flight.from < this.#end) super.dropped(flight, reason);
  }

  protected override removed(flight: Flight): void {
    this.#flights.delete(flight);
  }

  protected override abandon(reason: unknown): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#pieces.length = 0;
    this.#pending.clear();
    for (const flight of [...this.#flights]) this.core.backend.cancel(flight, reason);
    this.#flights.clear();
    this.#closeInput();
  }

  /** Closes the input once. While a read is pending its answer is not waited for: it may never come. */
  #closeInput(): void {
    if (this.#inputDone || this.#source === undefined) return;
    this.#inputDone = true;
    const { iterator } = this.#source;
    const close = async () => {
      await iterator.return?.();
    };
    const closing = this.inContext(close);
    if (!this.#reading) this.#closing = closing;
    // An error in closing matters to an early return() alone, which awaits it.
    closing.catch(() => undefined);
  }
}

/**
 * Results of a stream, as `for await` reads them.
 *
 * Leaving the loop early ends the stream: what is under way is cancelled and the input is closed.
 */
export class ResultStream<R> implements AsyncIterableIterator<R, undefined, undefined>, AsyncDisposable {
  readonly #call: StreamCall<unknown, R>;

  /** Streams are made by an executor's `stream()`. */
  constructor(call: StreamCall<unknown, R>) {
    this.#call = call;
  }

  /** The next result; calls need not wait for each other and are served in order. */
  next(): Promise<IteratorResult<R, undefined>> {
    return this.#call.next();
  }

  /** Ends the stream early. */
  async return(): Promise<IteratorResult<R, undefined>> {
    await this.#call.stop();
    return { done: true, value: undefined };
  }

  /** Ends the stream early and rejects with `error`. */
  async throw(error?: unknown): Promise<IteratorResult<R, undefined>> {
    await this.#call.stop();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#call.stop();
  }

  /** Why a stream cannot be captured by a function that travels. */
  get [Symbol.for('tutti.refuse')](): string {
    return 'a stream belongs to the thread that started it: read it there';
  }
}
