/** The captured functions of what a pool is given to run. */
import { capture, captureToCall, type AnyFunction, type Captured } from '../closure/index.ts';
import type { Chunk } from './backend.ts';
import type { CrewOptions } from './crew.ts';

export class Captures {
  readonly #admit: CrewOptions['admit'];
  /** Functions captured once for all chunks of a call: the chunks share one `fns` array. */
  readonly #ofCalls = new WeakMap<readonly AnyFunction[], readonly Captured[]>();
  /** Of the latest small call, if it may be given again. */
  #latest: readonly Captured[] = [];

  /** `admit` throws for what cannot go where the workers are. */
  constructor(admit: CrewOptions['admit']) {
    this.#admit = admit;
  }

  /** @throws CaptureError when something that the functions reach cannot travel */
  of(chunk: Chunk): readonly Captured[] {
    // A call's function is captured for it alone.
    if (chunk.op === 'call') {
      const [fn] = chunk.fns as readonly [AnyFunction];
      const captured = captureToCall(fn);
      this.#admit?.(captured, fn);
      return this.#alone(captured);
    }
    let fns = this.#ofCalls.get(chunk.fns);
    if (fns === undefined) {
      fns = chunk.fns.map((fn) => {
        const captured = capture(fn);
        this.#admit?.(captured, fn);
        return captured;
      });
      this.#ofCalls.set(chunk.fns, fns);
    }
    return fns;
  }

  /** `[captured]`; calls of one function in a row share it. What was captured for one call must go with it. */
  #alone(captured: Captured): readonly Captured[] {
    if (!captured.reusable) return [captured];
    if (this.#latest[0] !== captured) this.#latest = [captured];
    return this.#latest;
  }
}
