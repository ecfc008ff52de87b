/** How each stage is made of a checked description when a pipeline starts to run. */
import type { AnyItems } from '../executor/inputs.ts';
import { BatchFlow, sliding, TimedBatchFlow } from './batches.ts';
import { notePlace, type Place } from './failure-place.ts';
import { DONE, isThenable, item, ItemFlow, SKIP, type Flow, type Outcome, type Step } from './flow.ts';
import { OverlapFlow, type OverlapLimits } from './overlap.ts';
import { gathered, keyed, OrderedPoolFlow, unorderedPoolFlow } from './pool-flow.ts';
import type { Run } from './run.ts';
import { closeUnread, isMany, openSource, type Source } from './source.ts';
import type { Placement, StageContext } from './stage-options.ts';

/** Makes a stage on top of those above it. */
export type Build = (up: Flow<never>, run: Run<unknown>, place: Place) => Flow<unknown>;

type Fn = (value: unknown, context?: StageContext) => unknown;

/** What functions get besides their item. The signal is made when somebody asks for it. */
class Scope implements StageContext {
  #controller: AbortController | undefined;
  #closed: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#closed !== undefined) this.#controller.abort(this.#closed.reason);
    }
    return this.#controller.signal;
  }

  close(reason: unknown): void {
    this.#closed = { reason };
    this.#controller?.abort(reason);
  }
}

/** Opens the input with the first pull. */
export function sourceFlow(items: AnyItems<unknown>, run: Run<unknown>): Flow<unknown> {
  let source: Source<unknown> | undefined;
  let taken = 0;
  run.onClose(0, (reason) => (source === undefined ? closeUnread(items, reason) : source.close(reason)));
  const failed = (error: unknown): never => {
    throw notePlace(run, error, { stage: 0, name: 'source' }, taken);
  };
  const got = <S>(step: S): S => {
    taken++;
    return step;
  };
  return {
    next() {
      if (run.ended) return DONE;
      try {
        source ??= openSource('pipeline', items);
        const step = source.next();
        return isThenable(step) ? step.then(got, failed) : got(step);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** `fn` with its context; what it throws is noted with stage and item. */
export function called(fn: Fn, run: Run<unknown>, place: Place): (value: unknown) => unknown {
  const scope = new Scope();
  let index = 0;
  run.onClose(place.stage, (reason) => scope.close(reason));
  return (value) => {
    const k = index++;
    try {
      const result = fn(value, scope);
      if (!isThenable(result)) return result;
      return result.then(undefined, (error: unknown) => {
        throw notePlace(run, error, place, k, value);
      });
    } catch (error) {
      throw notePlace(run, error, place, k, value);
    }
  };
}

export function mapStage(fn: Fn, where: Placement): Build {
  return (up, run, place) => {
    if (where.kind === 'here') return hereFlow(up, run, place, fn, where.limits, (result) => result);
    if (where.ordered) return new OrderedPoolFlow(run, up, place, fn, where, (result) => result);
    return unorderedPoolFlow(run, up, place, fn, where);
  };
}

export function filterStage(fn: Fn, where: Placement): Build {
  return (up, run, place) => {
    if (where.kind === 'here') {
      const keep = hereFlow(up, run, place, fn, where.limits, (kept, value) => [kept, value] as const);
      return new ItemFlow(run, keep, ([kept, value]) => (kept ? item(value) : SKIP));
    }
    if (where.ordered) {
      const pairs = new OrderedPoolFlow(run, up, place, fn, where, (kept, value) => [kept, value] as const);
      return new ItemFlow(run, pairs, ([kept, value]) => (kept ? item(value) : SKIP));
    }
    return unorderedFilter(up, run, place, fn, where);
  };
}

/** Answers come in any order, so each says which item it is about; the items stay here. */
function unorderedFilter(
  up: Flow<unknown>,
  run: Run<unknown>,
  place: Place,
  fn: Fn,
  where: Placement & { kind: 'workers' },
): Flow<unknown> {
  const items = new Map<number, unknown>();
  let last = 0;
  const numbered = new ItemFlow(run, up, (value): Outcome<readonly [number, unknown]> => {
    items.set(++last, value);
    return item([last, value]);
  });
  const options = { ...where.options, name: where.options.name ?? (fn.name || 'anonymous') };
  const answers = unorderedPoolFlow(run, numbered, place, keyed(fn), { on: where.on, options });
  return new ItemFlow(run, answers as Flow<readonly [number, boolean]>, ([key, kept]) => {
    const value = items.get(key);
    items.delete(key);
    return kept ? item(value) : SKIP;
  });
}

export function flatMapStage(fn: Fn, where: Placement): Build {
  return (up, run, place) => {
    if (where.kind === 'here') return new FlattenFlow(mapStage(fn, where)(up, run, place), run, place);
    const options = { ...where.options, name: where.options.name ?? (fn.name || 'anonymous') };
    return new FlattenFlow(mapStage(gathered(fn), { ...where, options })(up, run, place), run, place);
  };
}

export function tapStage(fn: Fn): Build {
  return (up, run, place) => {
    const call = called(fn, run, place);
    return new ItemFlow(run, up, (value) => {
      const result = call(value);
      return isThenable(result) ? result.then(() => item(value)) : item(value);
    });
  };
}

export function scanStage(fn: (sum: unknown, value: unknown) => unknown, initial: unknown): Build {
  return (up, run, place) => {
    let sum = initial;
    const call = called((value) => fn(sum, value), run, place);
    const keep = (next: unknown) => {
      sum = next;
      return item(next);
    };
    return new ItemFlow(run, up, (value) => {
      const result = call(value);
      return isThenable(result) ? result.then(keep) : keep(result);
    });
  };
}

export function takeStage(count: number): Build {
  return (up, run, place) => {
    let left = count;
    let closing: Promise<void> | undefined;
    // An error in closing belongs to whoever asks for more, or to the end of the pipeline.
    run.onClose(place.stage, () => closing);
    const close = () => {
      closing = run.closeAbove(place.stage);
      closing.catch(() => undefined);
    };
    const got = <T>(step: Step<T>): Step<T> => {
      if (!step.done && --left === 0) close();
      return step;
    };
    return {
      next() {
        if (left === 0) {
          if (closing === undefined) close();
          return (closing as Promise<void>).then(() => DONE);
        }
        const step = up.next();
        return isThenable(step) ? step.then(got) : got(step);
      },
    };
  };
}

export function skipStage(count: number): Build {
  return (up, run) => {
    let left = count;
    return new ItemFlow(run, up, (value) => (left > 0 && left-- > 0 ? SKIP : item(value)));
  };
}

export function batchStage(size: number, timeoutMs: number | undefined): Build {
  return (up, run, place) => {
    if (timeoutMs === undefined) return new BatchFlow(up, size);
    const flow = new TimedBatchFlow(up, size, timeoutMs);
    run.onClose(place.stage, () => flow.close());
    return flow;
  };
}

export function windowStage(size: number, step: number): Build {
  return (up, run) => new ItemFlow(run, up, sliding(size, step));
}

export function bufferStage(size: number): Build {
  return (up, run, place) => {
    const flow = new OverlapFlow(up, (value) => value, { concurrency: 1, window: size, ordered: true });
    run.onClose(place.stage, () => flow.close());
    return flow;
  };
}

/** Calls `fn` in this thread; `give` makes of its result and the item what goes on. */
function hereFlow<O>(
  up: Flow<unknown>,
  run: Run<unknown>,
  place: Place,
  fn: Fn,
  limits: OverlapLimits,
  give: (result: unknown, value: unknown) => O,
): Flow<O> {
  const call = called(fn, run, place);
  const apply = (value: unknown): O | PromiseLike<O> => {
    const result = call(value);
    return isThenable(result) ? result.then((each) => give(each, value)) : give(result, value);
  };
  if (limits.window === 1) {
    return new ItemFlow(run, up, (value) => {
      const result = apply(value);
      return isThenable(result) ? result.then((each) => item(each)) : item(result);
    });
  }
  const flow = new OverlapFlow(up, apply, limits);
  run.onClose(place.stage, () => flow.close());
  return flow;
}

/** What the results of the stage above contain, one after the other; a result that is no iterable stands for itself. */
class FlattenFlow implements Flow<unknown> {
  readonly #up: Flow<unknown>;
  readonly #run: Run<unknown>;
  readonly #place: Place;
  #inner: Source<unknown> | undefined;
  #index = -1;
  #closed = false;

  constructor(up: Flow<unknown>, run: Run<unknown>, place: Place) {
    this.#up = up;
    this.#run = run;
    this.#place = place;
    run.onClose(place.stage, (reason) => {
      this.#closed = true;
      return this.#inner?.close(reason);
    });
  }

  next(): Step<unknown> | PromiseLike<Step<unknown>> {
    for (;;) {
      const step = this.#next();
      if (isThenable(step)) return this.#later(step);
      const outcome = this.#take(step);
      if (outcome !== SKIP) return outcome;
      const breath = this.#run.breathe();
      if (breath !== undefined) return this.#later(breath.then(() => this.#next()));
    }
  }

  #next(): Step<unknown> | PromiseLike<Step<unknown>> {
    return this.#inner === undefined ? this.#up.next() : this.#read(this.#inner);
  }

  async #later(first: PromiseLike<Step<unknown>>): Promise<Step<unknown>> {
    let step = await first;
    for (;;) {
      const outcome = this.#take(step);
      if (outcome !== SKIP) return outcome;
      const breath = this.#run.breathe();
      if (breath !== undefined) await breath;
      step = await this.#next();
    }
  }

  #take(step: Step<unknown>): Outcome<unknown> {
    if (this.#inner !== undefined) {
      if (!step.done) return step;
      this.#inner = undefined;
      return SKIP;
    }
    // What comes after the end is not opened: nobody would close it.
    if (step.done || this.#closed) return DONE;
    this.#index++;
    if (!isMany(step.value)) return step;
    this.#inner = openSource('pipeline.flatMap', step.value);
    return SKIP;
  }

  #read(inner: Source<unknown>): Step<unknown> | PromiseLike<Step<unknown>> {
    const failed = (error: unknown): never => {
      throw notePlace(this.#run, error, this.#place, this.#index);
    };
    try {
      const step = inner.next();
      return isThenable(step) ? step.then(undefined, failed) : step;
    } catch (error) {
      return failed(error);
    }
  }
}
