import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RoundTrip } from './round-trip.js';

class Point {
  static made = 0;
  x: number;
  constructor(x: number) {
    this.x = x;
  }
  double() {
    return this.x * 2;
  }
}
class Point3 extends Point {
  z = 1;
}
class AppError extends RangeError {
  code = 'E_APP';
  override get name() {
    return 'AppError';
  }
}
const limits = { max: 10 };
class Checked {
  static limit() {
    return limits.max;
  }
}

describe('identity across messages', { timeout: 60_000 }, () => {
  let there: RoundTrip;
  before(() => {
    there = new RoundTrip();
  });
  after(() => there.close());

  test('an argument is an instance of the class that the function names', async () => {
    assert.deepEqual(await there.call((p: Point) => [p instanceof Point, p.double()], new Point(2)), [
      true,
      4,
    ]);
    assert.deepEqual(
      await there.call((p: Point) => [p instanceof Point, p instanceof Point3], new Point3(2)),
      [true, true],
    );
  });

  test('a result is an instance of the caller’s class', async () => {
    const p = await there.call((x: number) => new Point3(x), 3);
    assert.ok(p instanceof Point3 && p instanceof Point);
    assert.equal(p.double(), 6);
    assert.equal(p.constructor, Point3);
  });

  test('a class and a function come back as themselves', async () => {
    const helper = (): number => 1;
    const [P, h] = await there.call(() => [Point, helper] as const);
    assert.equal(P, Point);
    assert.equal(h, helper);
  });

  test('an error of a captured class is an instance of it here', async () => {
    await assert.rejects(
      there.call(() => {
        throw Object.assign(new AppError('too far', { cause: new AppError('inner') }), {
          point: new Point(1),
        });
      }),
      (error: unknown) => {
        assert.ok(error instanceof AppError && error instanceof RangeError);
        assert.equal(error.name, 'AppError');
        assert.equal(error.message, 'too far');
        assert.equal(error.code, 'E_APP');
        assert.ok(error.cause instanceof AppError);
        assert.ok((error as never as { point: Point }).point instanceof Point);
        return true;
      },
    );
  });

  test('changed statics are seen by the next call', async () => {
    Point.made = 1;
    assert.equal(await there.call(() => Point.made), 1);
    Point.made = 2;
    assert.equal(await there.call(() => Point.made), 2);
    assert.equal(await there.call((p: Point) => (p.constructor as typeof Point).made, new Point(1)), 2);
  });

  test('changed data behind a class is seen by the next call', async () => {
    assert.equal(await there.call(() => Checked.limit()), 10);
    limits.max = 20;
    assert.equal(await there.call(() => Checked.limit()), 20);
  });

  test('a class and a function that share a variable start from its value here, in each call', async () => {
    let count = 0;
    class Counter {
      add() {
        return ++count;
      }
      static get count() {
        return count;
      }
    }
    const add = (c: Counter) => [c.add(), new Counter().add(), count, Counter.count, c instanceof Counter];
    assert.deepEqual(await there.call(add, new Counter()), [1, 2, 2, 2, true]);
    assert.deepEqual(await there.call(add, new Counter()), [1, 2, 2, 2, true]);
  });

  test('an unchanged class is one class for all messages', async () => {
    await there.call(() => ((globalThis as Record<string, unknown>).kept = new Point(1)));
    assert.equal(await there.call(() => (globalThis as Record<string, unknown>).kept instanceof Point), true);
  });

  test('a class made in the worker arrives with its methods', async () => {
    const made = await there.call(() => {
      class Local {
        v = 3;
        triple() {
          return this.v * 3;
        }
      }
      return new Local();
    });
    assert.equal(made.triple(), 9);
    assert.equal(made.constructor.name, 'Local');
    assert.equal(await there.call((m: typeof made) => m.triple(), made), 9);
  });

  test('functions made in the worker work here', async () => {
    const add = await there.call((a: number) => (b: number) => a + b, 2);
    assert.equal(add(3), 5);
  });

  test('an error class made in the worker arrives by name', async () => {
    await assert.rejects(
      there.call(() => {
        class LocalError extends TypeError {
          code = 5;
        }
        throw new LocalError('here');
      }),
      (error: unknown) => {
        assert.ok(error instanceof TypeError);
        assert.equal(error.constructor.name, 'LocalError');
        assert.equal((error as never as { code: number }).code, 5);
        return true;
      },
    );
  });

  test('functions that came from a worker go back with what was changed here', async () => {
    const counter = await there.call(() => {
      let k = 0;
      const seen: number[] = [];
      const inc = () => (seen.push(++k), k);
      (globalThis as Record<string, unknown>).home = inc;
      return { inc, get: () => k, seen: () => seen };
    });
    counter.inc();
    counter.inc();
    assert.deepEqual(await there.call(() => [counter.get(), counter.seen()]), [2, [1, 2]]);
    assert.deepEqual(await there.call((c: typeof counter) => c.get(), counter), 2);
    // … as copies, which change nothing here or where they were made.
    assert.equal(await there.call(() => counter.inc()), 3);
    assert.equal(counter.get(), 2);
    assert.equal(await there.call(() => ((globalThis as Record<string, unknown>).home as () => number)()), 1);
  });

  test('a class that came from a worker is its own there, until it is changed here', async () => {
    const made = await there.call(() => {
      class Local extends Map<string, number> {
        static count = 0;
        static #secret = 5;
        static secret() {
          return Local.#secret;
        }
        v = 1;
      }
      (globalThis as Record<string, unknown>).Home = Local;
      return { Local, one: new Local([['a', 1]]) };
    });
    const isHome = (one: object) =>
      one instanceof ((globalThis as Record<string, unknown>).Home as typeof made.Local);
    assert.equal(await there.call(isHome, made.one), true);
    assert.equal(await there.call(() => isHome(made.one) && made.Local.secret() === 5), true);
    made.Local.count = 7;
    assert.deepEqual(await there.call((one: typeof made.one) => [made.Local.count, isHome(one)], made.one), [
      7,
      false,
    ]);
  });

  test('a function without variables that came from a worker is itself there', async () => {
    const known = await there.call(() => {
      const one = (x: number) => Math.abs(x) + 1;
      (globalThis as Record<string, unknown>).known = one;
      return one;
    });
    assert.equal(await there.call(() => known === (globalThis as Record<string, unknown>).known), true);
  });

  test('what came from a worker and went back comes here as what was sent', async () => {
    const made = await there.call(() => {
      let k = 0;
      return () => ++k;
    });
    const box = { made };
    const back = await there.call((one: typeof box) => one.made, box);
    assert.equal(back, made);
  });
});
