import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capture } from '#src/closure/index.js';
import { shared } from '#src/memory/shared.js';

const timeout = 10_000;

/** Ids of two captures of functions that `make` gives. */
function ids(make: (call: number) => () => unknown): [number, number] {
  return [capture(make(0)).id, capture(make(1)).id];
}

function assertSame([a, b]: [number, number]): void {
  assert.equal(a, b);
}

function assertDifferent([a, b]: [number, number]): void {
  assert.notEqual(a, b);
}

test('new functions of the same text over the same constants share a capture', { timeout }, () => {
  const factor = 3;
  const name = 'x';
  const array = shared(Float64Array, [1, 2]);
  const helper = (x: number): number => x * factor;
  assertSame(ids(() => () => 41 + 1));
  assertSame(ids(() => () => factor * name.length));
  assertSame(ids(() => () => helper(array[0]!)));
});

test('another value makes another capture', { timeout }, () => {
  const values: unknown[][] = [
    [1, 2],
    [0, -0],
    [1, '1'],
    [1n, 1],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [shared(Float64Array, 2), shared(Float64Array, 2)],
    [() => 1, () => 1],
  ];
  for (const pair of values) {
    assertDifferent(
      ids((call) => {
        const value = pair[call];
        return () => value;
      }),
    );
  }
  const memory = new SharedArrayBuffer(16);
  const views = [
    new Int8Array(memory),
    new Int8Array(memory, 1),
    new Uint8Array(memory),
    new DataView(memory),
  ];
  for (const [at, view] of views.entries()) {
    for (const other of views.slice(at + 1)) {
      assertDifferent(
        ids((call) => {
          const value = call === 0 ? view : other;
          return () => value;
        }),
      );
    }
  }
});

test('functions with state are captured anew', { timeout }, () => {
  let count = 0;
  const list = [1];
  const copied = new Float64Array(1);
  assertDifferent(ids(() => () => count++));
  assertDifferent(ids(() => () => list.length));
  assertDifferent(ids(() => () => copied[0]));
  assertDifferent(ids(() => Object.assign(() => 1, { calls: 0 })));
  assert.equal(count, 0);
});

test('a function that can name itself is captured anew, since it may come back', { timeout }, () => {
  assertDifferent(
    ids(
      () =>
        function self() {
          return self;
        },
    ),
  );
  assertDifferent(
    ids(() => {
      const self = (): unknown => self;
      return self;
    }),
  );
});

test('a variable that changes between two captures shows', { timeout }, () => {
  let factor = 1;
  const scaled = (): number => factor;
  const before = capture(scaled).id;
  factor = 2;
  assert.notEqual(capture(scaled).id, before);
  factor = 1;
  assert.equal(capture(scaled).id, before);
});
