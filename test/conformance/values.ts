/** What crosses over: captured variables, classes, shared and moved memory, errors. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { CaptureError, deserialize, move, serialize, shared, task } from 'tutti';
import { rejection, upTo, type Subject } from './subject.ts';

class Point {
  readonly x: number;
  #y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.#y = y;
  }
  get y(): number {
    return this.#y;
  }
  plus(other: Point): Point {
    return new Point(this.x + other.x, this.#y + other.#y);
  }
  [serialize](): [number, number] {
    return [this.x, this.#y];
  }
  static [deserialize]([x, y]: [number, number]): Point {
    return new Point(x, y);
  }
}

class Shape {
  name = 'shape';
  area(): number {
    return 0;
  }
}
class Square extends Shape {
  readonly side: number;
  constructor(side: number) {
    super();
    this.side = side;
  }
  override area(): number {
    return this.side ** 2;
  }
}

class Refused extends Error {
  readonly code = 'E_REFUSED';
  readonly detail: { readonly list: number[] };
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.detail = { list: [1, 2] };
  }
}

export function valueTests({ test, pool, open, ...subject }: Subject): void {
  test('functions reach the variables and helpers they capture', async () => {
    const factor = 3;
    const table = new Map([['a', 10]]);
    const helper = (x: number): number => (x <= 0 ? 0 : factor + helper(x - 1));
    function named(key: string): number {
      return (table.get(key) ?? 0) + helper(2);
    }
    assert.equal(await pool().submit(named, 'a'), 16);
    assert.deepEqual(await pool().map([1, 2], (x) => helper(x) + table.size), [4, 7]);
  });

  test('a captured variable that changes between calls is seen anew', async () => {
    let scale = 1;
    const scaled = (x: number) => x * scale;
    assert.equal(await pool().submit(scaled, 5), 5);
    scale = 10;
    assert.equal(await pool().submit(scaled, 5), 50);
    const list = [1];
    const count = () => list.length;
    assert.equal(await pool().submit(count), 1);
    list.push(2);
    assert.equal(await pool().submit(count), 2);
  });

  test('task() captures once, or what it is told to', async () => {
    const factor = 4;
    const once = task((x: number) => x * factor);
    assert.equal(await pool().submit(once, 2), 8);
    assert.deepEqual(await pool().map([1, 2], once), [4, 8]);
    const told = task({ factor }, (x: number) => x + factor);
    assert.equal(await pool().submit(told, 2), 6);
  });

  test('instances keep their class on the way in and out', async () => {
    const sum = await pool().submit((a: Point, b: Point) => a.plus(b), new Point(1, 2), new Point(3, 4));
    assert.ok(sum instanceof Point);
    assert.deepEqual([sum.x, sum.y], [4, 6]);
    const squares = await pool().map([new Square(2), new Square(3)], (square) => ({
      area: square.area(),
      is: square instanceof Square && square instanceof Shape,
      again: new Square(square.side + 1),
    }));
    assert.deepEqual(
      squares.map(({ area, is }) => [area, is]),
      [
        [4, true],
        [9, true],
      ],
    );
    assert.ok(squares.every(({ again }) => again instanceof Square && again instanceof Shape));
    assert.deepEqual(
      squares.map(({ again }) => again.area()),
      [9, 16],
    );
  });

  test(
    'shared arrays are the same memory on both sides',
    async () => {
      const cells = shared(Int32Array, [1, 2, 3]);
      const view = cells.subarray(1);
      await pool().submit((xs: Int32Array) => void (xs[0] = 20), view);
      assert.deepEqual([...cells], [1, 20, 3]);
      await pool().submit(() => void (cells[2] = 30));
      assert.deepEqual([...cells], [1, 20, 30]);
      const back = await pool().submit(() => cells);
      assert.equal(back.buffer instanceof SharedArrayBuffer, true);
      back[0] = 9;
      assert.equal(cells[0], 9);
    },
    'sharedMemory',
  );

  test(
    'other typed arrays and objects are copies',
    async () => {
      const bytes = new Uint8Array([1, 2, 3]);
      const object = { n: 1 };
      const back = await pool().submit(
        (xs: Uint8Array, o: { n: number }) => {
          xs[0] = 100;
          o.n = 100;
          return xs;
        },
        bytes,
        object,
      );
      assert.deepEqual([...bytes], [1, 2, 3]);
      assert.deepEqual([...back], [100, 2, 3]);
      assert.equal(object.n, 1);
      await pool().map(bytes, (x) => x);
      assert.equal(bytes.length, 3);
    },
    'isolated',
  );

  test(
    'move() hands memory over in both directions',
    async () => {
      const bytes = new Uint8Array(1000).fill(7);
      const sum = await pool().submit((xs: Uint8Array) => xs.reduce((a, b) => a + b, 0), move(bytes));
      assert.equal(sum, 7000);
      assert.equal(bytes.length, 0);
      const made = await pool().submit(() => move(new Float64Array(100).fill(2)));
      assert.deepEqual(
        [...made],
        upTo(100).map(() => 2),
      );
    },
    'isolated',
  );

  test(
    'what cannot travel is refused before anything is sent, with its path',
    async () => {
      const runs = subject.shared(Int32Array, 1);
      const count = () => Atomics.add(runs, 0, 1);
      const hidden = { deep: [new WeakMap()] };
      const argument = await rejection(pool().submit(count as (x: unknown) => number, hidden));
      assert.ok(argument instanceof CaptureError);
      assert.match(argument.path, /deep/);
      const captured = await rejection(pool().submit(() => hidden.deep.length + count()));
      assert.ok(captured instanceof CaptureError);
      assert.match(captured.message, /hidden/);
      const item = await rejection(pool().map([1, 2, new WeakSet()] as unknown[], count));
      assert.ok(item instanceof CaptureError);
      const socket = createServer();
      const server = await rejection(pool().submit(() => socket.listening));
      assert.ok(server instanceof CaptureError);
      assert.match(server.message, /socket/);
      const executor = open({ workers: 1 });
      assert.ok((await rejection(pool().submit(() => executor.closed))) instanceof CaptureError);
      await pool().broadcast(() => 0);
      assert.equal(runs[0], 0);
      assert.equal(await pool().submit(() => 'fine'), 'fine');
    },
    'isolated',
  );

  test(
    'a result that cannot travel fails the task, by name',
    async () => {
      const error = await rejection(pool().submit(() => ({ inner: new WeakMap() })));
      assert.ok(error instanceof CaptureError);
      assert.match(error.message, /WeakMap/);
      const mapped = await rejection(pool().map(upTo(100), (x) => (x === 50 ? new WeakRef({}) : x)));
      assert.ok(mapped instanceof CaptureError);
    },
    'isolated',
  );

  test('errors arrive with class, name, message, code, own properties and causes', async () => {
    const error = await rejection(
      pool().submit(() => {
        throw new Refused('no entry', new TypeError('inner', { cause: { plain: true } }));
      }),
    );
    assert.ok(error instanceof Refused);
    assert.equal(error.message, 'no entry');
    assert.equal(error.code, 'E_REFUSED');
    assert.deepEqual(error.detail, { list: [1, 2] });
    assert.ok(error.cause instanceof TypeError);
    assert.equal(error.cause.message, 'inner');
    assert.deepEqual(error.cause.cause, { plain: true });
  });

  test('errors of the platform keep their kind', async () => {
    const { readFile } = await import('node:fs/promises');
    const missing = await rejection(pool().submit(() => readFile('/no/such/file')));
    assert.ok(missing instanceof Error);
    assert.equal((missing as NodeJS.ErrnoException).code, 'ENOENT');
    const dom = await rejection(
      pool().submit(() => {
        throw new DOMException('gone', 'NotFoundError');
      }),
    );
    assert.ok(dom instanceof DOMException);
    assert.equal(dom.name, 'NotFoundError');
  });

  test('an AggregateError arrives with all its members', async () => {
    const error = await rejection(
      pool().submit(() => {
        throw new AggregateError([new Refused('a', 1), new RangeError('b')], 'both');
      }),
    );
    assert.ok(error instanceof AggregateError);
    assert.ok(error.errors[0] instanceof Refused);
    assert.equal(error.errors[0].cause, 1);
    assert.ok(error.errors[1] instanceof RangeError);
  });

  test('the stack tells where it was thrown, in which task, and who called', async () => {
    function thrower(x: number): number {
      if (x === 3) throw new RangeError('three');
      return x;
    }
    async function callerOfTheTask(): Promise<unknown> {
      const map = pool().map(upTo(10), thrower);
      return await rejection(map);
    }
    const error = await callerOfTheTask();
    assert.ok(error instanceof RangeError);
    const stack = error.stack ?? '';
    assert.match(stack, /RangeError: three/);
    assert.match(stack, /thrower/);
    assert.match(stack, /thrower \(task #\d+, item 3\)/);
    assert.match(stack, /callerOfTheTask/);
    assert.match(stack, /values\.(js|ts)/, 'real files');
  });
}
