/** `submit`: one call of a function somewhere else. */
import { QueueFullError, UnsupportedError } from '../base/errors.ts';
import type { AnyFunction } from '../closure/index.ts';
import { Call, type CallOrigin } from './call.ts';
import type { Flight, Work } from './flight.ts';

const NO_WORK: Work = { op: 'call', fns: [], items: [], base: 0 };

/** One call of `fn(...args)`. */
export class SubmitCall<R> extends Call<R> {
  #work: Work;
  #flight: Flight | undefined;
  #timer: NodeJS.Timeout | undefined;
  #counted = false;

  constructor(origin: CallOrigin, fn: AnyFunction, args: readonly unknown[]) {
    super(origin);
    this.total = 1;
    this.#work = { op: 'call', fns: [fn], items: [args], base: 0 };
  }

  protected override begin(): void {
    const { core } = this;
    const { maxQueue } = core.options;
    if (core.submitted >= maxQueue + core.backend.workers) {
      throw new QueueFullError(
        `cannot submit ${this.name}: ${maxQueue} tasks wait already; await some of them, or raise \`maxQueue\``,
        maxQueue,
      );
    }
    core.submitted++;
    this.#counted = true;
    this.#launch();
  }

  #launch(): void {
    this.#timer = undefined;
    this.#flight = this.flight(this.#work, 0, 1);
    this.send(this.#flight);
  }

  override accept(_flight: Flight, _k: number, values: ArrayLike<unknown>): void {
    if (this.settled) return;
    this.advance(1);
    this.#release();
    this.finish(values[0] as R);
  }

  protected override landedWell(): void {
    // The result came before; a task must not hang on a backend that forgot it.
    this.fail(
      new UnsupportedError(`the backend ${this.core.backend.name} ended ${this.name} without a result`),
    );
  }

  protected override again(_flight: Flight, _k: number, delayMs: number): void {
    this.#timer = this.later(delayMs, () => this.#launch());
  }

  protected override removed(): void {
    this.#flight = undefined;
  }

  protected override abandon(reason: unknown): void {
    this.#release();
    clearTimeout(this.#timer);
    if (this.#flight !== undefined) this.core.backend.cancel(this.#flight, reason);
  }

  protected override where(): string {
    return `${this.name} (task #${this.id})`;
  }

  /** The task may live long: the arguments need not. */
  #release(): void {
    if (this.#counted) this.core.submitted--;
    this.#counted = false;
    this.#work = NO_WORK;
  }
}
