/** An actor's object where it lives, and the calls that wait for their turn there. */
import { ActorDeadlockError } from '../../base/errors.ts';
import { isThenable } from '../../base/thenable.ts';
import type { AnyFunction } from '../../closure/index.ts';
import { parentChannel } from '../notices.ts';
import { Special } from './actor-call.ts';
import type { InstanceCall } from './instance-call.ts';
import { OpenStreams, streamOf } from './open-streams.ts';
import type { ActorRef } from './space.ts';

/** What `begin` returns when the outcome comes, or went, by the call's reply. */
export const handed: unique symbol = Symbol('handed over');

export class Instance {
  readonly ref: ActorRef;
  readonly object: object;
  /** Names of its methods, by number. */
  readonly methods: readonly string[];
  readonly #streams = new OpenStreams();
  readonly #waiting: InstanceCall[] = [];
  readonly #running = new Set<InstanceCall>();
  /** Whether methods go on when they have returned, by number, as far as that is known. */
  readonly #asyncOnes: (boolean | undefined)[] = [];
  /** Calls that occupy the object, synchronous ones too. */
  #occupied = 0;
  /** A call has ended, and its part has yet to take its result; whether the call occupies the object. */
  #leaving: boolean | undefined;
  /** Told when no call runs or waits. */
  #whenIdle: (() => void) | undefined;
  #abandoned = false;

  constructor(ref: ActorRef, object: object, methods: readonly string[] | undefined) {
    this.ref = ref;
    this.object = object;
    this.methods = methods ?? methodsOf(object);
  }

  /** The methods that are declared to be asynchronous, by number. */
  get asyncMethods(): number[] {
    return this.methods.flatMap((_, method) => (this.#isAsync(method) ? [method] : []));
  }

  /**
   * Calls the method, or has it wait for its turn. Returns what it returned (or throws) where that is known at once; otherwise
   * {@link handed}, and `reply` is told of the outcome.
   *
   * `hold`: this may return a promise instead, of what the call returns, or of `undefined` where `reply` is told.
   */
  begin(call: InstanceCall, hold = false): unknown {
    if (occupies(call) && (this.#occupied >= this.ref.most || this.#waiting.length > 0)) {
      if (call.above !== '' && this.#waitsForItself(call)) {
        call.open = false;
        throw this.#deadlock(call);
      }
      this.#waiting.push(call);
      call.detach(true);
      call.reply.pending(false);
      return handed;
    }
    try {
      return this.#start(call, hold ? 'hold' : 'tell');
    } catch (error) {
      call.open = false;
      throw error;
    }
  }

  /** All calls that run have led to this one: if they wait for it, none of them will ever end. */
  #waitsForItself(call: InstanceCall): boolean {
    const chain = new Set(call.above.split(','));
    let own = 0;
    for (const running of this.#running) if (occupies(running) && chain.has(running.entry)) own++;
    return own >= this.ref.most;
  }

  #deadlock({ method, args }: InstanceCall): ActorDeadlockError {
    const { name, most } = this.ref;
    const called = method === Special.get ? `get('${String(args[0])}')` : `${this.methods[method]}()`;
    const atATime = most === 1 ? 'one call' : `${most} calls`;
    return new ActorDeadlockError(
      `${name}.${called} would wait for itself: a method of ${name} that has not ended leads to this call, and ${name} runs ` +
        `${atATime} at a time; call the method on \`this\`, or make the actor with \`maxConcurrency: ${most + 1}\` or more`,
      name,
    );
  }

  /** Asks a call that has not ended to stop; one that waits ends. */
  drop(call: InstanceCall, reason: unknown): void {
    if (!call.open) return;
    const at = this.#waiting.indexOf(call);
    if (at < 0) {
      call.stop(reason);
      return;
    }
    this.#waiting.splice(at, 1);
    this.#settle(call, () => call.reply.error(reason));
    this.#lookIdle();
  }

  /** Its disposal, after the calls that are here: those of neighbours its owner does not know of. */
  async #disposeLater(): Promise<void> {
    if (this.#occupied > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    if (!this.#abandoned) await this.dispose();
  }

  #lookIdle(): void {
    if (this.#whenIdle === undefined || this.#occupied > 0 || this.#waiting.length > 0) return;
    this.#whenIdle();
    this.#whenIdle = undefined;
  }

  /** Runs the object's own disposal. */
  dispose(): unknown {
    const object = this.object as Partial<AsyncDisposable & Disposable>;
    this.#streams.closeAll();
    const dispose = object[Symbol.asyncDispose] ?? object[Symbol.dispose];
    return dispose?.call(object);
  }

  /** Ends a stream that nobody will read. */
  closeStream(id: number): void {
    this.#streams.closeUnread(id);
  }

  /** Nobody will call it any more: what runs is asked to stop. */
  abandon(reason: unknown): void {
    this.#abandoned = true;
    this.#streams.closeAll();
    for (const call of [...this.#waiting, ...this.#running]) this.drop(call, reason);
  }

  /** What is to be done when the call does not end at once; `told`: whoever waits for it knows that. */
  #start(call: InstanceCall, goingOn: 'hold' | 'tell' | 'told'): unknown {
    const occupied = occupies(call);
    if (occupied) this.#occupied++;
    // To enter a context costs as much as a small call: the part's does for what ends with it.
    const entered = call.method < 0 || this.#isAsync(call.method);
    let value: unknown;
    let goesOn: boolean;
    try {
      value = call.run(entered, this.#invoke);
      // To look at what is returned may run code of the user's, too.
      goesOn = isThenable(value);
    } catch (error) {
      if (occupied) this.#occupied--;
      throw error;
    }
    if (!goesOn) {
      if (occupied) this.#occupied--;
      const given = this.#given(call, value);
      if (goingOn !== 'told') call.open = false;
      return given;
    }
    this.#running.add(call);
    if (!entered) this.#asyncOnes[call.method] = true;
    const result = value instanceof Promise ? value : settled(value);
    if (goingOn === 'hold' && entered) return this.#hold(call, result, occupied);
    call.detach(entered);
    if (goingOn !== 'told') call.reply.pending(true);
    this.#goOn(call, result, occupied);
    return handed;
  }

  /** The call ends by its reply. */
  #goOn(call: InstanceCall, result: Promise<unknown>, occupied: boolean): void {
    const channel = parentChannel();
    channel?.retain();
    result.then(
      (value: unknown) => {
        channel?.release();
        this.#leave(call, occupied);
        this.#answer(call, value);
        this.#next();
        this.#lookIdle();
      },
      (error: unknown) => {
        channel?.release();
        this.#leave(call, occupied);
        this.#settle(call, () => call.reply.error(error));
        this.#next();
        this.#lookIdle();
      },
    );
  }

  /**
   * Much that is asynchronous waits for nothing that is not there. So the part of a call is held until all that can go on without
   * the event loop has done so: a call that has ended by then ends with its part, as a synchronous one does.
   */
  #hold(call: InstanceCall, result: Promise<unknown>, occupied: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let held = true;
      const over = (): void => {
        held = false;
        call.detach(true);
        this.#running.delete(call);
        this.#leaving = occupied;
      };
      result.then(
        (value: unknown) => {
          if (!held) return;
          over();
          resolve(this.#heldResult(call, value));
          call.open = false;
        },
        (error: unknown) => {
          if (!held) return;
          over();
          reject(error as Error);
          call.open = false;
        },
      );
      const tick = (): void => {
        if (!held) {
          this.endTurn();
          return;
        }
        held = false;
        call.detach(true);
        call.reply.pending(true);
        this.#goOn(call, result, occupied);
        resolve(undefined);
      };
      // From a microtask: what an event has called would find its ticks run before all microtasks.
      queueMicrotask(() => process.nextTick(tick));
    });
  }

  /**
   * The part of a call that was held has taken its result: the call's turn is over. Not before, as the next call may change what is
   * to be packed.
   */
  endTurn(): void {
    if (this.#leaving === undefined) return;
    if (this.#leaving) this.#occupied--;
    this.#leaving = undefined;
    this.#next();
    this.#lookIdle();
  }

  /** What a part ends with that was held. */
  #heldResult(call: InstanceCall, value: unknown): unknown {
    try {
      const given = this.#given(call, value);
      return given === handed ? undefined : given;
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Whether it is declared so, or has returned a promise before. */
  #isAsync(method: number): boolean {
    const known = this.#asyncOnes[method];
    if (known !== undefined) return known;
    const fn = (this.object as Record<string, unknown>)[this.methods[method] as string] as
      AnyFunction | undefined;
    const tag: unknown = (fn as { readonly [Symbol.toStringTag]?: unknown } | undefined)?.[
      Symbol.toStringTag
    ];
    return (this.#asyncOnes[method] = tag === 'AsyncFunction');
  }

  #leave(call: InstanceCall, occupied: boolean): void {
    if (occupied) this.#occupied--;
    this.#running.delete(call);
  }

  /** What travels as the result: a stream stays. */
  #given(call: InstanceCall, value: unknown): unknown {
    const stream = call.method === Special.pull ? undefined : streamOf(value);
    if (stream === undefined) return value;
    const id = this.#streams.open(stream);
    this.#settle(call, () => call.reply.stream(id));
    return handed;
  }

  /** The result of a call that goes on after its part. */
  #answer(call: InstanceCall, result: unknown): void {
    try {
      const given = this.#given(call, result);
      if (given !== handed) this.#settle(call, () => call.reply.value(given));
    } catch (error) {
      this.#settle(call, () => call.reply.error(error));
    }
  }

  #settle(call: InstanceCall, tell: () => void): void {
    if (!call.open) return;
    call.open = false;
    tell();
  }

  /** Calls that have waited have their turn. */
  #next(): void {
    while (this.#occupied < this.ref.most) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      call.reply.started();
      try {
        const value = this.#start(call, 'told');
        if (value !== handed) this.#settle(call, () => call.reply.value(value));
      } catch (error) {
        this.#settle(call, () => call.reply.error(error));
      }
    }
  }

  readonly #invoke = (call: InstanceCall): unknown => {
    const { method, args } = call;
    if (method === Special.pull) return this.#streams.pull(args[0] as number, args[1] as number);
    if (method === Special.done) return this.#streams.close(args[0] as number);
    if (method === Special.leave) return this.#disposeLater();
    const object = this.object as Record<string, unknown>;
    const name = method === Special.get ? String(args[0]) : (this.methods[method] as string);
    const member = object[name];
    if (method === Special.get) {
      if (typeof member !== 'function') return member;
      throw new TypeError(`get(): \`${name}\` of ${this.ref.name} is a method; call it`);
    }
    if (typeof member === 'function') return Reflect.apply(member, object, args);
    throw new TypeError(`${this.ref.name}.${name} is not a function any more`);
  };
}

/** A promise of what is thenable: even to ask for its `then` may throw. */
async function settled(value: unknown): Promise<unknown> {
  return await value;
}

/** Reading a stream is no turn of its own: the one that is read may wait for what other calls do. */
function occupies(call: InstanceCall): boolean {
  return call.method > Special.pull;
}

/** Names of all that can be called on an object: not of what every object has, nor what would make it a promise. */
function methodsOf(object: object): string[] {
  const names = new Set<string>();
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function') names.add(name);
  }
  names.delete('constructor');
  names.delete('then');
  return [...names];
}
