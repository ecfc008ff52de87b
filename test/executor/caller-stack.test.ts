import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFake } from './fake-backend.js';

const limit = { timeout: 10_000 };

function boom(): never {
  throw new RangeError('remote');
}

async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new TypeError('it did not reject');
}

test('an error names task and item, and where the call came from', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  function score(x: number) {
    if (x === 2) throw new RangeError('bad');
    return x;
  }
  function theCaller() {
    return pool.map([0, 1, 2], score);
  }
  const task = theCaller();
  const error = (await rejection(task)) as Error;
  assert.match(error.stack as string, /^RangeError: bad\n/);
  assert.match(
    error.stack as string,
    new RegExp(
      `\\n {4}at score \\(task #${task.id}, item 2\\)\\n {4}--- called from ---\\n {4}at theCaller \\(`,
    ),
  );
  assert.doesNotMatch((error.stack as string).split('called from')[1] as string, /Executor\.map/);
  assert.equal(Object.keys(error).includes('stack'), false);
  const single = pool.submit(boom);
  assert.match(
    ((await rejection(single)) as Error).stack as string,
    new RegExp(`at boom \\(task #${single.id}\\)\\n`),
  );
});

test('every form of call names its caller', limit, async () => {
  const { pool } = openFake({ auto: 'fifo', blocking: true });
  async function* input() {
    yield 1;
  }
  const forms: Record<string, () => PromiseLike<unknown>> = {
    submit: () => pool.submit(boom),
    map: () => pool.map([1, 2], boom),
    'map async': () => pool.map(input(), boom),
    starmap: () => pool.starmap([[1], [2]] as [number][], (x) => boom() + x),
    stream: () => pool.stream([1, 2], boom).next(),
    forEach: () => pool.forEach([1, 2], boom),
    filter: () => pool.filter([1, 2], boom),
    flatMap: () => pool.flatMap([1, 2], boom),
    reduce: () => pool.reduce([1, 2], boom),
    mapReduce: () => pool.mapReduce([1, 2], boom, (a: number) => a),
    find: () => pool.find([1, 2], boom),
    findIndex: () => pool.findIndex([1, 2], boom),
    some: () => pool.some([1, 2], boom),
    every: () => pool.every([1, 2], boom),
    for: () => pool.for(10, boom),
    broadcast: () => pool.broadcast(boom),
    submitSync: async () => pool.submitSync(boom),
    mapSync: async () => pool.mapSync([1, 2], boom),
  };
  for (const [name, call] of Object.entries(forms)) {
    const theCaller = { [name]: () => call() }[name] as () => PromiseLike<unknown>;
    const { stack } = (await rejection(theCaller())) as Error;
    assert.match(stack as string, /called from ---\n {4}at .*caller-stack\.test/, name);
    assert.equal(stack?.split('called from').length, 2, name);
  }
});

test('an error object that ends several tasks, or comes again, is told once', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const error = new RangeError('shared');
  const fail = () => {
    throw error;
  };
  await rejection(pool.submit(fail));
  await rejection(pool.map([1, 2], fail, { retries: 2 }));
  assert.equal(error.stack?.split('called from').length, 2);
});

test('what is no extensible error stays as it was thrown', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const throws = async (thrown: unknown) => {
    const task = pool.submit(() => {
      throw thrown;
    });
    // Not through another promise: it would ask the value for its `then`.
    const same = await task.then(
      () => false,
      (got: unknown) => got === thrown,
    );
    assert.ok(same);
  };
  await throws(undefined);
  await throws(null);
  await throws(5);
  await throws('text');
  await throws(Symbol.iterator);
  const frozen = Object.freeze(new RangeError('frozen'));
  const { stack } = frozen;
  await throws(frozen);
  assert.equal(frozen.stack, stack);
  const plain = { code: 5 };
  await throws(plain);
  assert.deepEqual(plain, { code: 5 });
  const hostile = new Proxy(new RangeError('hostile'), {
    get() {
      throw new TypeError('get');
    },
    defineProperty() {
      throw new TypeError('define');
    },
  });
  await throws(hostile);
  const fixed = Object.defineProperty(new RangeError('x'), 'stack', { value: 'mine', configurable: false });
  await throws(fixed);
  assert.equal(fixed.stack, 'mine');
});

test('calls by the thousand share a stack and say so', limit, async () => {
  const { pool } = openFake({ auto: 'fifo' });
  const tasks = Array.from({ length: 100 }, () => pool.submit(boom));
  const errors = (await Promise.all(tasks.map(rejection))) as Error[];
  assert.match(errors[0]?.stack as string, /--- called from ---\n {4}at .*caller-stack\.test/);
  assert.match(errors[99]?.stack as string, /--- called from here, or .* ---\n {4}at .*caller-stack\.test/);
  assert.match(errors[99]?.stack as string, new RegExp(`boom \\(task #${tasks[99]?.id}\\)`));
});
