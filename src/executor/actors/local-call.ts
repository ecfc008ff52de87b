/** Calls to an actor that lives in the calling thread: nothing is copied, nothing is sent. */
import { parentChannel } from '../notices.ts';
import type { ActorCall, Holder } from './actor-call.ts';
import { handed, type Instance } from './instance.ts';
import { InstanceCall, type Reply } from './instance-call.ts';

/** Calls `instance`, after what runs now. */
export function callHere(instance: Instance, call: ActorCall): void {
  queueMicrotask(() => {
    if (!call.settled) new LocalCall(instance, call).begin();
  });
}

class LocalCall extends InstanceCall implements Reply, Holder {
  readonly #instance: Instance;
  readonly #call: ActorCall;

  constructor(instance: Instance, call: ActorCall) {
    super(call.method, call.args, call.chain, call.ref.key, undefined);
    this.#instance = instance;
    this.#call = call;
  }

  begin(): void {
    const call = this.#call;
    call.holder = this;
    try {
      const value = this.#instance.begin(this);
      if (value !== handed) call.value(value);
    } catch (error) {
      call.fail(error);
    }
  }

  override get taskId(): number {
    return this.#call.id;
  }

  override get reply(): this {
    return this;
  }

  drop(reason: unknown): void {
    this.#instance.drop(this, reason);
  }

  pending(started: boolean): void {
    if (started) this.started();
  }

  started(): void {
    this.#call.started();
    this.#call.limit(parentChannel()?.workerId ?? 0);
  }

  value(value: unknown): void {
    this.#call.value(value);
  }

  error(error: unknown): void {
    this.#call.fail(error);
  }

  stream(id: number): void {
    // Nobody reads what a call has returned that was cancelled.
    if (this.#call.settled) this.#instance.closeStream(id);
    else this.#call.stream(id);
  }

  reports(data: unknown): void {
    this.#call.reported(data);
  }
}
