import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  abortSignal,
  boolean,
  either,
  func,
  integer,
  nearest,
  nested,
  number,
  object,
  oneOf,
  optionChecker,
  show,
  string,
  stringList,
  stringRecord,
} from '#src/base/options.js';

const timeout = 10_000;

const retry = optionChecker('threads', { limit: integer({ min: 0 }), backoffMs: number({ min: 0 }) });
const check = optionChecker('threads', {
  workers: integer({ min: 1, max: 1024 }),
  name: string(),
  timeoutMs: number({ min: 0 }),
  unlimited: number({ min: 0, infinite: true }),
  init: func<() => unknown>(),
  signal: abortSignal(),
  env: stringRecord(),
  execArgv: stringList(),
  ordered: boolean(),
  mode: oneOf('fast', 'safe'),
  resourceLimits: object<{ maxOldGenerationSizeMb?: number }>(),
  retries: either(integer({ min: 0 }), nested(retry)),
});

function message(options: unknown, type: new (...args: never[]) => Error): string {
  let caught: unknown;
  try {
    check(options);
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof type, `expected a ${type.name}, got ${String(caught)}`);
  return caught.message;
}

test('right options come back as they are, typed', { timeout }, () => {
  const { signal } = new AbortController();
  const init = () => 1;
  const given = {
    workers: 4,
    name: 'p',
    timeoutMs: 0.5,
    unlimited: Infinity,
    init,
    signal,
    env: { A: 'b' },
    execArgv: ['--expose-gc'],
    ordered: false,
    mode: 'fast',
    resourceLimits: { maxOldGenerationSizeMb: 64 },
    retries: { limit: 2, backoffMs: 10 },
  };
  const checked = check(given);
  assert.deepEqual(checked, given);
  assert.notEqual(checked, given);
  const workers: number | undefined = checked.workers;
  const mode: 'fast' | 'safe' | undefined = checked.mode;
  assert.deepEqual([workers, mode], [4, 'fast']);
});

test('undefined counts as absent, as a whole and for one option', { timeout }, () => {
  assert.deepEqual(check(undefined), {});
  assert.deepEqual(Object.keys(check({ workers: undefined, name: 'x' })), ['name']);
  assert.deepEqual(check(Object.assign(Object.create(null) as object, { workers: 2 })), { workers: 2 });
});

test('what is no option object is refused', { timeout }, () => {
  assert.equal(message(5, TypeError), 'threads(): options must be an object of options, but got 5');
  assert.equal(message(null, TypeError), 'threads(): options must be an object of options, but got null');
  assert.match(
    message(() => 1, TypeError),
    /but got a function$/,
  );
  assert.match(message([1], TypeError), /but got an array of length 1$/);
  assert.match(message(new AbortController().signal, TypeError), /but got an AbortSignal$/);
  assert.match(message('fast', TypeError), /but got "fast" \(string\)$/);
});

test('an unknown option is refused with the one that was meant', { timeout }, () => {
  assert.equal(
    message({ worker: 2 }, TypeError),
    'threads(): unknown option `worker`, did you mean `workers`?',
  );
  assert.equal(
    message({ timeout: 2 }, TypeError),
    'threads(): unknown option `timeout`, did you mean `timeoutMs`?',
  );
  assert.match(message({ Retires: 2 }, TypeError), /did you mean `retries`\?$/);
  assert.match(
    message({ zzz: undefined }, TypeError),
    /^threads\(\): unknown option `zzz`; it knows workers, name, /,
  );
  assert.match(message({ toString: 1 }, TypeError), /unknown option `toString`/);
  assert.match(message(JSON.parse('{"__proto__": 1}'), TypeError), /unknown option `__proto__`/);
});

test('a wrong type is a TypeError that names option, value and expectation', { timeout }, () => {
  assert.equal(
    message({ workers: 'four' }, TypeError),
    'threads(): option `workers` must be an integer from 1 to 1024, but got "four" (string)',
  );
  assert.match(message({ workers: null }, TypeError), /but got null$/);
  assert.match(message({ workers: 4n }, TypeError), /but got 4n$/);
  assert.match(message({ name: 5 }, TypeError), /`name` must be a string that is not empty, but got 5$/);
  assert.match(message({ init: 'x' }, TypeError), /`init` must be a function/);
  assert.match(
    message({ signal: new AbortController() }, TypeError),
    /must be an AbortSignal, but got an AbortController$/,
  );
  assert.match(message({ env: { A: 1 } }, TypeError), /`env` must be an object whose values are strings/);
  assert.match(message({ execArgv: '--x' }, TypeError), /`execArgv` must be an array of strings/);
  assert.match(message({ ordered: 1 }, TypeError), /`ordered` must be true or false, but got 1$/);
  assert.match(
    message({ resourceLimits: new Map([[1, 2]]).size }, TypeError),
    /must be an object, but got 1$/,
  );
  assert.match(message({ mode: 1 }, TypeError), /`mode` must be one of "fast", "safe", but got 1$/);
});

test('out of bounds is a RangeError', { timeout }, () => {
  for (const workers of [0, -1, 1025, 1.5, Number.NaN, Infinity]) {
    assert.equal(
      message({ workers }, RangeError),
      `threads(): option \`workers\` must be an integer from 1 to 1024, but got ${workers}`,
    );
  }
  assert.match(message({ timeoutMs: -1 }, RangeError), /must be a finite number of at least 0, but got -1$/);
  assert.match(message({ timeoutMs: Infinity }, RangeError), /finite/);
  assert.match(
    message({ unlimited: Number.NaN }, RangeError),
    /must be a number of at least 0, but got NaN$/,
  );
  assert.match(message({ name: '' }, RangeError), /but got "" \(string\)$/);
  assert.match(
    message({ mode: 'quick' }, RangeError),
    /must be one of "fast", "safe", but got "quick" \(string\)$/,
  );
});

test('alternatives and nested options are checked by their own rules', { timeout }, () => {
  assert.deepEqual(check({ retries: 3 }), { retries: 3 });
  assert.deepEqual(check({ retries: { limit: 1 } }), { retries: { limit: 1 } });
  assert.match(
    message({ retries: -1 }, RangeError),
    /`retries` must be an integer of at least 0 or an object of options/,
  );
  assert.match(
    message({ retries: 'x' }, TypeError),
    /`retries` must be an integer of at least 0 or an object of options/,
  );
  assert.equal(
    message({ retries: { limit: -1 } }, RangeError),
    'threads(): option `retries.limit` must be an integer of at least 0, but got -1',
  );
  assert.equal(
    message({ retries: { limits: 1 } }, TypeError),
    'threads(): unknown option `retries.limits`, did you mean `limit`?',
  );
});

test('nearest() finds slips and leaves strangers alone', { timeout }, () => {
  const known = ['workers', 'maxQueue', 'idleTimeoutMs', 'seed'];
  assert.equal(nearest('wrokers', known), 'workers');
  assert.equal(nearest('maxqueue', known), 'maxQueue');
  assert.equal(nearest('idleTimeout', known), 'idleTimeoutMs');
  assert.equal(nearest('seeds', known), 'seed');
  assert.equal(nearest('colour', known), undefined);
});

test('show() keeps every kind of value short', { timeout }, () => {
  assert.equal(show('x'.repeat(100)), `"${'x'.repeat(40)}…" (string)`);
  assert.equal(show(new Map()), 'a Map');
  assert.equal(show(new Error('secret')), 'an Error');
  assert.equal(show(Object.create(null)), 'an object');
  assert.equal(show(Symbol('s')), 'Symbol(s)');
  assert.equal(show(undefined), 'undefined');
  assert.equal(
    show(function named() {}),
    'the function named',
  );
  assert.equal(
    show(() => 1),
    'a function',
  );
});
