/** Methods whose results are read bit by bit. */
import assert from 'node:assert/strict';
import { ActorDiedError } from 'tutti';
import type { Subject } from '../conformance/subject.ts';

class Source {
  made = 0;
  closed = 0;
  #wake: (() => void) | undefined;
  readonly #awake = new Promise<void>((resolve) => (this.#wake = resolve));
  *count(to: number): Generator<number, void> {
    try {
      for (let n = 0; n < to; n++) {
        this.made++;
        yield n;
      }
    } finally {
      this.closed++;
    }
  }
  async *countLater(to: number): AsyncGenerator<number, void> {
    try {
      for (let n = 0; n < to; n++) {
        this.made++;
        await undefined;
        yield n;
      }
    } finally {
      this.closed++;
    }
  }
  async promised(to: number): Promise<IterableIterator<number>> {
    return this.count(to);
  }
  entries(): IterableIterator<[string, number]> {
    return new Map([['a', 1]]).entries();
  }
  *breaks(): Generator<number> {
    yield 1;
    yield 2;
    throw new RangeError('broken');
  }
  async *waits(): AsyncGenerator<string> {
    yield 'first';
    await this.#awake;
    yield 'second';
  }
  async *stays(): AsyncGenerator<string> {
    yield 'first';
    await new Promise(() => undefined);
  }
  wake(): void {
    this.#wake?.();
  }
  list(): number[] {
    return [1, 2];
  }
  exit(): void {
    process.exit(7);
  }
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const value of values) read.push(value);
  return read;
}

export function streamSuite(s: Subject): void {
  s.test('generators, asynchronous ones and iterators are read to their ends', async () => {
    const source = await s.pool().actor(Source);
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    assert.deepEqual(await all(source.count(100)), numbers);
    assert.deepEqual(await all(source.countLater(100)), numbers);
    assert.deepEqual(await all(source.promised(3)), [0, 1, 2]);
    assert.deepEqual(await all(source.entries()), [['a', 1]]);
    assert.deepEqual(await all(source.count(0)), []);
    assert.deepEqual(await source.list(), [1, 2]);
    assert.equal(await source.get('closed'), 4);
    await source.dispose();
  });

  s.test('a reader that waits stops the iterator, and one that leaves ends it', async () => {
    const source = await s.pool().actor(Source);
    for (const open of [() => source.count(1e9), () => source.countLater(1e9)]) {
      const before = await source.get('closed');
      const made = await source.get('made');
      const read: number[] = [];
      for await (const n of open()) if (read.push(n) === 50) break;
      assert.deepEqual(read.at(-1), 49);
      const ahead = (await source.get('made')) - made - 50;
      assert.ok(ahead >= 0 && ahead <= 32, `ran ahead by ${ahead}`);
      assert.equal(await source.get('closed'), before + 1);
    }
    await source.dispose();
  });

  s.test('values before an error come before it', async () => {
    const source = await s.pool().actor(Source);
    const read: number[] = [];
    await assert.rejects(async () => {
      for await (const n of source.breaks()) read.push(n);
    }, /broken/);
    assert.deepEqual(read, [1, 2]);
    await assert.rejects(all(source.list() as never), /nothing that can be iterated/);
    await source.dispose();
  });

  s.test('a stream that waits for other calls does not keep them from running', async () => {
    const source = await s.pool().actor(Source);
    const stream = source.waits();
    assert.deepEqual(await stream.next(), { done: false, value: 'first' });
    const second = stream.next();
    await source.wake();
    assert.deepEqual(await second, { done: false, value: 'second' });
    assert.equal((await stream.next()).done, true);
    // Nobody has to wait for a value that may never come.
    const left = source.stays();
    await left.next();
    const never = left.next();
    await left.return();
    assert.equal((await left.next()).done, true);
    await source.dispose();
    await Promise.allSettled([never]);
  });

  s.test('several reads at once come in order', async () => {
    const source = await s.pool().actor(Source);
    const stream = source.count(5);
    const reads = await Promise.all(Array.from({ length: 7 }, () => stream.next()));
    assert.deepEqual(
      reads.map(({ value }) => value),
      [0, 1, 2, 3, 4, undefined, undefined],
    );
    await source.dispose();
  });

  s.test(
    'a stream ends with the worker that it came from',
    async () => {
      const source = await s.pool().actor({ restarts: 1 }, Source);
      const stream = source.count(1000);
      assert.equal((await stream.next()).value, 0);
      await assert.rejects(source.exit(), ActorDiedError);
      await assert.rejects(all(stream), ActorDiedError);
      assert.deepEqual(await all(source.count(2)), [0, 1]);
      await source.dispose();
    },
    'killable',
  );
}
