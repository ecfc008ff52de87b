/** How parts are cut into strides, and when their results go out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RangeState } from '#src/executor/backend.js';
import { runPart, type PartHost, type RunnablePart } from '#src/executor/runner.js';

const limit = { timeout: 10_000 };
const done = { kind: 'done' };

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Takes note of what a part tells the place that runs it. */
class Notes implements PartHost {
  readonly workerId = 0;
  readonly taskId = 1;
  readonly seed = 1;
  readonly base = 0;
  readonly current = new Int32Array(1);
  readonly abort = new AbortController();
  readonly timed = false;
  /** Results that had come by each flush. */
  readonly flushes: number[] = [];
  readonly received: unknown[] = [];
  /** How often it was asked whether to stop. */
  questions = 0;
  stopAfter = Infinity;

  source(): this {
    return this;
  }
  poll(): void {}
  report(): void {}
  claim(_k: number, want: number): number {
    return want;
  }
  stopRequested(): boolean {
    return ++this.questions > this.stopAfter;
  }
  starting(): void {}
  results(k: number, values: Float64Array | unknown[]): undefined {
    assert.equal(k, this.received.length);
    this.received.push(...values);
  }
  flush(): void {
    this.flushes.push(this.received.length);
  }
}

function part(fn: (k: number) => unknown, length: number, more: Partial<RunnablePart> = {}): RunnablePart {
  const items = Array.from({ length }, (_, k) => k);
  return { op: 'map', fns: [fn as never], items, from: 0, to: length, ...more };
}

const text = (k: number): string => {
  busy(1);
  return `result ${k}`;
};
const number = (k: number): number => {
  busy(1);
  return k * k;
};

test('results go out as they come, but for the last', limit, () => {
  for (const [fn, length] of [[text, 8] as const, [number, 40] as const]) {
    const host = new Notes();
    assert.deepEqual(runPart(part(fn, length), host), done);
    assert.equal(host.received.length, length);
    assert.ok(host.flushes.length >= length / 2, `${host.flushes.length} of ${length}`);
  }
});

test('what is done before an item fails is handed over', limit, () => {
  const host = new Notes();
  const outcome = runPart(
    part((k) => (k === 5 ? assert.fail('five') : `result ${k}`), 8),
    host,
  );
  assert.equal((outcome as { kind: string }).kind, 'failed');
  assert.equal((outcome as { k: number }).k, 5);
  assert.equal(host.received.length, 5);
});

function range(length: number): RangeState {
  return {
    next: new BigInt64Array(1),
    start: 0,
    step: 1,
    length,
    grain: length,
    workers: 1,
  };
}

test('a loop looks about every millisecond whether it has to stop', limit, () => {
  const host = new Notes();
  const body = (): void => busy(0.05);
  assert.deepEqual(runPart(part(body, 1, { op: 'range', range: range(400) }), host), done);
  // In 20 ms: the first strides are short until their length is known, and a busy machine makes them short again.
  assert.ok(host.questions >= 10 && host.questions <= 150, String(host.questions));
});

test('a loop that has to stop runs no further stride', limit, () => {
  const host = new Notes();
  host.stopAfter = 5;
  let ran = 0;
  const outcome = runPart(
    part(() => void ran++, 1, { op: 'range', range: range(1_000_000) }),
    host,
  );
  assert.deepEqual(outcome, done);
  assert.ok(ran >= 5 && ran < 1_000_000, String(ran));
});
