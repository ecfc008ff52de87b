/** Calls to an actor that lives in the calling thread: nothing is copied, nothing is sent. */
import type { ActorCall } from './actor-call.ts';
import { handed, type Instance, type Reply } from './instance.ts';
import { parentChannel } from '../notices.ts';

/** Calls `instance`, after what runs now. */
export function callHere(instance: Instance, call: ActorCall): void {
  const workerId = parentChannel()?.workerId ?? 0;
  const started = (): void => {
    call.started();
    call.limit(workerId);
  };
  const reply: Reply = {
    pending(already) {
      if (already) started();
    },
    started,
    value: (value) => call.value(value),
    error: (error) => call.fail(error),
    stream: (id) => call.stream(id),
    report: (data) => call.reported(data),
  };
  queueMicrotask(() => {
    if (call.settled) return;
    const { id, method, args, chain } = call;
    const inner = instance.call({ id, method, args, chain }, reply, undefined);
    call.holder = { drop: (reason) => instance.drop(inner, reason) };
    try {
      const value = instance.begin(inner);
      if (value !== handed) call.value(value);
    } catch (error) {
      call.fail(error);
    }
  });
}
