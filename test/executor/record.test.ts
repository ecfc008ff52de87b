import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board } from '#src/executor/board.js';
import { End, Records, type CallTask } from '#src/executor/record.js';
import { Dice } from '../soak/dice.ts';

const timeout = 20_000;
const task: CallTask = { taskId: 2 ** 40 + 1, seed: 2 ** 32 - 1, timeoutMs: undefined };
const fn = 5;
const slot = 511;

/** What the other side reads; undefined when it did not fit. */
function carried(args: readonly unknown[]): unknown[] | undefined {
  const board = new Board();
  if (!new Records(board).writeArguments(slot, args, fn, 9, task)) return undefined;
  return new Records(new Board(board.buffer)).args(slot);
}

function returned(value: unknown): { readonly value: unknown } | undefined {
  const board = new Board();
  if (!new Records(board).writeValue(slot, value, 0.5)) return undefined;
  const read = new Records(new Board(board.buffer));
  assert.equal(read.what(slot), End.value);
  assert.equal(read.computeMs(slot), 0.5);
  return { value: read.value(slot) };
}

const every = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1.5,
  -(2 ** 53),
  5e-324,
  Number.MAX_VALUE,
  Infinity,
  -Infinity,
  NaN,
  '',
  'a',
  '7 chars',
  '8 chars!',
  '\0\u0001ÿ',
  'é'.repeat(63),
];

test('each value that fits comes out as it went in', { timeout }, () => {
  for (const value of every) {
    assert.deepEqual(carried([value]), [value]);
    assert.deepEqual(returned(value), { value });
  }
});

test('two numbers are read one by one', { timeout }, () => {
  const board = new Board();
  const write = new Records(board);
  const read = new Records(new Board(board.buffer));
  write.writeArguments(slot, [-0, 2 ** 31], fn, 9, task);
  assert.equal(read.isPair(slot), true);
  assert.ok(Object.is(read.number(slot, 0), -0));
  assert.equal(read.number(slot, 1), 2 ** 31);
  for (const args of [[1], [1, 2, 3], [1, 'a'], ['a', 1], [1, true]]) {
    write.writeArguments(slot, args, fn, 9, task);
    assert.equal(read.isPair(slot), false);
  }
});

test('NaN with another payload is NaN still', { timeout }, () => {
  const bits = new Float64Array(new BigUint64Array([0xfff8dead_beef0001n]).buffer);
  assert.deepEqual(carried([bits[0], 1]), [NaN, 1]);
  assert.deepEqual(returned(bits[0]), { value: NaN });
});

test('a call has no argument to eight, of any kinds', { timeout }, () => {
  assert.deepEqual(carried([]), []);
  for (let n = 1; n <= 8; n++) {
    const numbers = Array.from({ length: n }, (_, k) => k + 0.5);
    assert.deepEqual(carried(numbers), numbers);
    const empty = Array.from({ length: n }, (_, k) => [undefined, null, true, false][k % 4]);
    assert.deepEqual(carried(empty), empty);
  }
  assert.deepEqual(carried([1, 'two', true, null, 'five', undefined, -0, 8]), [
    1,
    'two',
    true,
    null,
    'five',
    undefined,
    -0,
    8,
  ]);
});

test('what does not fit is refused', { timeout }, () => {
  assert.equal(carried([1, 2, 3, 4, 5, 6, 7, 8, 9]), undefined);
  assert.equal(carried(['é'.repeat(64)]), undefined);
  assert.equal(carried(['e'.repeat(56), 1]), undefined);
  assert.equal(carried([1, 'e'.repeat(56)]), undefined);
  assert.deepEqual(carried(['e'.repeat(55), 1]), ['e'.repeat(55), 1]);
  assert.equal(carried([1, 2, 3, 4, 5, 6, 7, 'too much']), undefined);
  assert.deepEqual(carried([1, 2, 3, 4, 5, 6, 7, 'fits 7!']), [1, 2, 3, 4, 5, 6, 7, 'fits 7!']);
  for (const value of ['Ā', 'x漢', '😀', {}, [], () => 1, Symbol('s'), 1n, new Date(0), Object(1)]) {
    assert.equal(carried([value]), undefined);
    assert.equal(returned(value), undefined);
  }
});

test('a header comes with its call, also at the ends of its ranges', { timeout }, () => {
  for (const timed of [false, true]) {
    for (const [order, seed] of [
      [-1, 0],
      [2 ** 31 - 1, 2 ** 31],
      [0, 2 ** 32 - 1],
    ] as const) {
      const board = new Board();
      const records = new Records(board);
      const timeoutMs = timed ? 10 : undefined;
      records.writeArguments(slot, [1, 2, 3, 4, 5, 6, 7, 8], fn, order, { ...task, seed, timeoutMs });
      assert.equal(records.what(slot), fn);
      assert.equal(records.order(slot), order);
      assert.equal(records.seed(slot), seed);
      assert.equal(records.taskId(slot), task.taskId);
      assert.equal(records.timed(slot), timed);
      assert.equal(records.argumentCount(slot), 8);
    }
  }
});

test('a result leaves alone what is read after it, and so does a slot its neighbours', { timeout }, () => {
  const board = new Board();
  const records = new Records(board);
  for (const at of [slot - 1, slot]) records.writeArguments(at, ['left', at], fn, 9, task);
  records.writeArguments(slot - 2, ['é'.repeat(63)], fn, 9, { ...task, taskId: 1 });
  records.writeValue(slot - 1, 'é'.repeat(63), 1);
  assert.equal(records.taskId(slot - 1), task.taskId);
  assert.equal(records.seed(slot - 1), task.seed);
  assert.deepEqual(records.args(slot), ['left', slot]);
  records.writeSkipped(slot - 1);
  assert.equal(records.what(slot - 1), End.skipped);
  records.setOrder(slot - 1, -5);
  assert.equal(records.order(slot - 1), -5);
});

test('random calls come out as they went in, or are refused', { timeout }, (t) => {
  const seed = Date.now() % 2 ** 32;
  t.diagnostic(`seed ${seed}`);
  const dice = new Dice(seed);
  let fitted = 0;
  for (let round = 0; round < 5000; round++) {
    const args = Array.from({ length: dice.from(0, 9) }, () => {
      if (dice.chance(0.2))
        return String.fromCharCode(...Array.from({ length: dice.from(0, 20) }, () => dice.from(0, 256)));
      return dice.chance(0.5) ? dice.next() * 10 ** dice.from(-300, 300) : dice.pick(every);
    });
    const out = carried(args);
    if (out === undefined) continue;
    fitted++;
    assert.deepEqual(out, args, `seed ${seed}, round ${round}`);
  }
  assert.ok(fitted > 500);
});
