/** A call where its object is, and what `context()` finds in it. */
import { realm } from '../../closure/index.ts';
import { parentChannel } from '../notices.ts';
import { contextStore, type ContextProvider, type ContextSource } from '../runner.ts';
import { pollingController } from '../worker-run.ts';
import { space } from './space.ts';

/** Who is told of a call that does not end at once. */
export interface Reply {
  /** It has to wait, or is asynchronous; `started`: its method was called already. */
  pending(started: boolean): void;
  started(): void;
  value(value: unknown): void;
  error(error: unknown): void;
  /** What it returned is read bit by bit. */
  stream(id: number): void;
  reports(data: unknown): void;
}

/** The call that runs synchronously now. */
let acting: InstanceCall | undefined;

/** The calls of actors in whose methods the running code was called, with commas between them. */
export function currentChain(): string {
  if (acting !== undefined) return acting.chain;
  const source = contextStore.getStore()?.source() as { readonly chain?: string } | undefined;
  return source?.chain ?? '';
}

/** Calls `act` as what `call` does. */
function actingAs<C extends InstanceCall, T>(call: C, act: (call: C) => T): T {
  const before = acting;
  acting = call;
  try {
    return act(call);
  } finally {
    acting = before;
  }
}

const first = new Int32Array(1);

export abstract class InstanceCall implements ContextSource {
  // As for `Call`: fields once, and no methods that cost one.
  declare readonly method: number;
  declare readonly args: readonly unknown[];
  /** The chain of the call that led here. */
  declare readonly above: string;
  /** It has no end yet. */
  declare open: boolean;
  /** Its part, while that runs. */
  declare protected part: ContextProvider | undefined;
  declare private readonly key: string;
  declare private ownEntry: string | undefined;
  declare private ownSeed: number | undefined;
  declare private ownAbort: AbortController | undefined;

  /**
   * `above`: the calls that led to it. `key`: the actor's. `part`: where the call is the part that runs. While it is, its stop and its seed are the part's; when it goes on after
   * the part they are its own.
   */
  constructor(
    method: number,
    args: readonly unknown[],
    above: string,
    key: string,
    part: ContextProvider | undefined,
  ) {
    this.method = method;
    this.args = args;
    this.above = above;
    this.open = true;
    this.part = part;
    this.key = key;
    this.ownEntry = undefined;
    this.ownSeed = undefined;
    this.ownAbort = undefined;
  }

  /** Its name in the chains of calls that it leads to, like that of no other call anywhere. */
  get entry(): string {
    return (this.ownEntry ??= `${this.key}/${realm}.${++space.counter}`);
  }

  get chain(): string {
    return this.above === '' ? this.entry : `${this.above},${this.entry}`;
  }

  abstract get taskId(): number;
  /** Who waits for it. */
  abstract get reply(): Reply;

  /** Calls `act` as what this call does; `enter`: also whatever it does later. */
  run<T>(enter: boolean, act: (call: this) => T): T {
    const inPart = !enter && this.part !== undefined;
    return inPart ? actingAs(this, act) : contextStore.run(this, actingAs<this, T>, this, act);
  }

  /** The call goes on, and its part does not. `entered`: code of the call finds this object already. */
  detach(entered: boolean): void {
    const part = this.part;
    if (part === undefined) return;
    const run = part.source();
    this.ownSeed ??= run?.seed;
    // Whoever has asked the part for its signal has the one that will abort.
    if (!entered) this.ownAbort ??= run?.abort;
    this.part = undefined;
    if (!entered) part.adopt?.(this);
  }

  /** Asks the call to stop. */
  stop(reason: unknown): void {
    const { abort } = this;
    abort.abort(reason);
  }

  // ── as what `context()` finds ────────────────────────────────────────────────────────────────────────────────

  get base(): 0 {
    return 0;
  }

  get current(): Int32Array {
    return first;
  }

  get workerId(): number {
    return parentChannel()?.workerId ?? 0;
  }

  source(): this {
    return this;
  }

  get seed(): number {
    this.ownSeed ??= this.part?.source()?.seed ?? Math.floor(Math.random() * 2 ** 32);
    return this.ownSeed;
  }

  get abort(): AbortController {
    return (this.ownAbort ??= pollingController(() => this.poll()));
  }

  poll(): void {
    if (this.part === undefined) {
      parentChannel()?.poll();
      return;
    }
    const part = this.part.source();
    part?.poll();
    const signal = part?.abort.signal;
    if (signal?.aborted === true) this.stop(signal.reason);
  }

  report(_k: number, data: unknown): void {
    if (this.open) this.reply.reports(data);
  }
}
