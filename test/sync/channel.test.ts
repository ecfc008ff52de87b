/** Channel, pipe and select, seen from outside; in the spirit of Go's channel tests. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { context, shared } from 'tutti';
import { Channel, ChannelClosedError, pipe, Queue, select, selectAsync } from 'tutti/sync';
import { assertNoLeaks } from '../leaks.ts';
import { aborted, limits, places, reasonOf, until } from './places.ts';

after(assertNoLeaks);

/** Waiting receivers, and senders. */
const takers = (channel: Channel): number => Atomics.load(channel.memory.words, 4);
const givers = (channel: Channel): number => Atomics.load(channel.memory.words, 5);

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
  get twice(): number {
    return 2 * this.x;
  }
}

for (const place of places) {
  const on = (what: string): string => `${what} (${place.name})`;
  const { options } = place;
  const array = (length: number): Int32Array =>
    shared(Int32Array, length, place.name === 'processes' ? { across: 'processes' } : {});

  test(on('each value arrives once, those of one sender in order'), limits(place), async () => {
    const channel = new Channel<number>(3, options());
    const results = new Channel<number[]>(8, options());
    const pool = place.pool();
    const receiving = pool.submit(() => {
      const got: number[] = [];
      for (const value of channel) got.push(value);
      results.send(got);
    });
    const sending = pool.submit(() => {
      for (let k = 0; k < 300; k++) channel.send(k);
    });
    const here = (async () => {
      const got: number[] = [];
      for await (const value of channel) got.push(value);
      return got;
    })();
    for (let k = 1000; k < 1100; k++) await channel.sendAsync(k);
    await sending;
    channel.close();
    await receiving;
    const all = [await here, await results.receiveAsync()];
    for (const got of all)
      for (const part of [got.filter((k) => k < 1000), got.filter((k) => k >= 1000)])
        assert.deepEqual(
          part,
          part.toSorted((a, b) => a - b),
        );
    assert.equal(new Set(all.flat()).size, 400);
    assert.equal(all.flat().length, 400);
  });

  test(on('values of every kind come out as they went in'), limits(place), async () => {
    const channel = new Channel<any>(64, options());
    const back = new Channel<any>(64, options());
    const pool = place.pool();
    const factor = 3;
    const values: unknown[] = [
      undefined, null, true, false, 0, -0, NaN, Infinity, 1.5, 2n ** 70n, '', 'ä六', 'x'.repeat(100_000),
      [1, , 3], { a: { b: [1] } }, new Map([[1, new Set(['a'])]]), new Date(5), /a+/gi,
      new Float32Array([1, 2.5]), new Uint8Array(70_000).fill(7), new RangeError('as a value'),
    ]; // prettier-ignore
    const echo = pool.submit((n: number) => {
      for (let k = 0; k < n; k++) back.send(channel.receive());
    }, values.length);
    for (const value of values) {
      await channel.sendAsync(value);
      assert.deepEqual(await back.receiveAsync(), value);
    }
    await echo;
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    channel.trySend(cycle);
    channel.trySend(new Point(4));
    channel.trySend((x: number) => x * factor);
    const seen = await pool.submit(async () => {
      const one = await channel.receiveAsync();
      const point = await channel.receiveAsync();
      const times = await channel.receiveAsync();
      back.send(new Point(point.twice));
      return [one.self === one, point.twice, times(7)];
    });
    assert.deepEqual(seen, [true, 8, 21]);
    const point = await back.receiveAsync();
    assert.equal(point.twice, 16);
  });

  test(
    on('close() lets waiting receivers and senders go, and what is in it be received'),
    limits(place),
    async () => {
      const empty = new Channel<number>(1, options('empty'));
      const full = new Channel<number>(1, options('full'));
      full.send(1);
      const pool = place.pool();
      const waits = [
        pool.submit(() => empty.receive()),
        empty.receiveAsync(),
        pool.submit(() => full.send(2)),
        full.sendAsync(3),
      ].map(reasonOf);
      await until('all wait', () => takers(empty) === 2 && givers(full) === 2);
      assert.equal(await pool.submit(() => empty.close()), true);
      assert.equal(full.close(), true);
      const errors = await Promise.all(waits);
      for (const error of errors) assert.ok(error instanceof ChannelClosedError, String(error));
      assert.match(String(errors[0]), /Channel "empty" is closed, and nothing is left/);
      assert.match(String(errors[2]), /cannot put anything into Channel "full": it is closed/);
      assert.throws(() => full.trySend(4), ChannelClosedError);
      assert.equal(full.receive(), 1);
      assert.throws(() => full.receive(), ChannelClosedError);
      assert.equal(full.tryReceive(), undefined);
      assert.deepEqual([full.close(), full.closed, full.size], [false, true, 0]);
    },
  );

  test(on('limits: nothing is taken or sent when time is up or a signal aborts'), limits(place), async () => {
    const channel = new Channel<number>(1, options('narrow'));
    const pool = place.pool();
    const late = await pool.submit(async () => {
      const found: unknown[] = [];
      const keep = (error: Error): void => void found.push(error.name);
      for (const timeoutMs of [0, 2]) {
        try {
          channel.receive({ timeoutMs });
        } catch (error) {
          keep(error as Error);
        }
        await channel.receiveAsync({ timeoutMs }).catch(keep);
      }
      found.push(channel.send(1), channel.send(2, { timeoutMs: 0 }), channel.send(2, { timeoutMs: 2 }));
      found.push(await channel.sendAsync(2, { timeoutMs: 2 }), channel.trySend(2));
      return found;
    });
    const error = 'WaitTimeoutError';
    assert.deepEqual(late, [error, error, error, error, true, false, false, false, false]);
    const sender = pool.submit(() => channel.send(9, { signal: context().signal }));
    await until('it waits', () => givers(channel) === 1);
    sender.cancel('not now');
    assert.equal(await reasonOf(sender), 'not now');
    // While it looks whether it may go on, it counts as nobody who waits.
    await until('it has given up', () => pool.stats().busy === 0 && givers(channel) === 0);
    assert.equal(channel.receive(), 1);
    assert.equal(channel.tryReceive(), undefined);
    const receiver = pool.submit(() => channel.receive({ signal: context().signal }));
    const other = pool.submit(() => channel.receive());
    await until('both wait', () => takers(channel) === 2);
    receiver.cancel('no more');
    assert.equal(await reasonOf(receiver), 'no more');
    await until('one has given up', () => pool.stats().busy === 1 && takers(channel) === 1);
    channel.send(5);
    assert.equal(await other, 5);
  });

  test(on('select takes exactly one value, whoever asks'), limits(place), async () => {
    const [a, b, c] = [1, 2, 3].map(() => new Channel<number>(4, options()));
    const pool = place.pool();
    const counts = array(3);
    const takersOf = pool.map([1, 2], () => {
      const open = [a!, b!, c!];
      let sum = 0;
      while (open.length > 0) {
        const { index, value, done } = select(open);
        if (done) open.splice(index, 1);
        else {
          sum += value!;
          Atomics.add(counts, [a, b, c].indexOf(open[index]!), 1);
        }
      }
      return sum;
    });
    for (let k = 1; k <= 200; k++) await [a, b, c][k % 3]!.sendAsync(k);
    for (const one of [a, b, c]) one!.close();
    const sums = await takersOf;
    assert.equal(sums[0]! + sums[1]!, (200 * 201) / 2);
    assert.deepEqual([...counts], [66, 67, 67]);
  });

  test(on('a pipe connects two ends in both directions'), limits(place), async () => {
    const [here, there] = pipe<string, number>(2, options());
    const task = place.pool().submit(() => {
      for (const text of there) there.send(text.length);
    });
    for (const text of ['a', 'four', '']) {
      await here.sendAsync(text);
      assert.equal(await here.receiveAsync(), text.length);
    }
    assert.deepEqual([here.ready, here.tryReceive()], [false, undefined]);
    here.close();
    await task;
    assert.throws(() => here.send('x'), ChannelClosedError);
    await assert.rejects(here.receiveAsync(), ChannelClosedError);
  });
}

test('a value larger than the memory of a channel is refused, others wait for room', limits(), async () => {
  const channel = new Channel<Uint8Array>(8, { bytes: 4096, name: 'small' });
  assert.throws(() => channel.trySend(new Uint8Array(5000)), {
    name: 'RangeError',
    message:
      /cannot put a value of \d+ bytes into Channel "small", which has 4096; make it with more `bytes`/,
  });
  assert.equal(channel.trySend(new Uint8Array(3000).fill(1)), true);
  assert.equal(channel.trySend(new Uint8Array(3000)), false);
  const second = channel.sendAsync(new Uint8Array(3000).fill(2));
  assert.equal((await channel.receiveAsync())[2999], 1);
  assert.equal(await second, true);
  for (let k = 0; k < 200; k++) {
    assert.equal((await channel.receiveAsync()).length, k === 0 ? 3000 : 1000 + k);
    assert.equal(channel.trySend(new Uint8Array(1001 + k)), true);
  }
  assert.throws(() => channel.trySend(new WeakMap() as never), { name: 'CaptureError' });
  assert.equal(channel.size, 1);
});

test('wrong capacities, options and signals are refused', limits(), async () => {
  for (const wrong of [0, -1, 1.5, 2 ** 25, NaN]) assert.throws(() => new Channel(wrong), RangeError);
  assert.throws(() => new Channel('5' as never), TypeError);
  assert.throws(() => new Channel(5, { bytes: 1 }), RangeError);
  const channel = new Channel<number>(2);
  assert.throws(() => channel.send(1, { signal: aborted(new SyntaxError('before')) }), SyntaxError);
  assert.throws(() => channel.send(1, { timeoutMs: -1 }), RangeError);
  assert.equal(channel.size, 0);
  channel.send(1);
  assert.equal(await reasonOf(channel.receiveAsync({ signal: aborted('before') })), 'before');
  assert.equal(channel.size, 1);
  assert.throws(() => select([]), TypeError);
  assert.throws(() => select([{}] as never), TypeError);
  await assert.rejects(selectAsync([channel], { signal: aborted(new SyntaxError('before')) }), SyntaxError);
  assert.equal(channel.size, 1);
});

test('leaving a loop early leaves the other values in', limits(), async () => {
  const channel = new Channel<number>();
  for (let k = 0; k < 5; k++) channel.send(k);
  for (const value of channel) if (value === 1) break;
  for await (const value of channel) if (value === 2) break;
  assert.deepEqual([channel.receive(), channel.size], [3, 1]);
});

test('chance decides among channels that have something', limits(), () => {
  const channels = [new Channel<number>(1), new Queue<number>(1), new Channel<number>(1)];
  const counts = [0, 0, 0];
  for (let k = 0; k < 600; k++) {
    for (const one of channels) {
      if (one instanceof Channel) one.trySend(k);
      else one.tryPut(k);
    }
    counts[select(channels).index]!++;
  }
  // The chance that one of them comes so seldom is below 10⁻³⁰.
  for (const count of counts) assert.ok(count > 50, String(counts));
});

test('selectAsync() waits, takes nothing when it gives up, and tells of the end', limits(), async () => {
  const [a, b] = [new Channel<string>(2), new Channel<string>(2)];
  await assert.rejects(selectAsync([a, b], { timeoutMs: 2 }), { name: 'WaitTimeoutError' });
  assert.throws(() => select([a, b], { timeoutMs: 0 }), { name: 'WaitTimeoutError' });
  assert.throws(() => select([a, b]), { name: 'WouldBlockError' });
  const controller = new AbortController();
  const given = reasonOf(selectAsync([a, b], { signal: controller.signal }));
  await turn();
  controller.abort('enough');
  b.send('kept');
  assert.equal(await given, 'enough');
  assert.deepEqual(await selectAsync([a, b]), { index: 1, value: 'kept', done: false });
  const next = selectAsync([a, b]);
  a.send('first');
  assert.deepEqual(await next, { index: 0, value: 'first', done: false });
  const end = selectAsync([a, b]);
  b.close();
  assert.deepEqual(await end, { index: 1, value: undefined, done: true });
  // Nobody listens any more.
  assert.equal(Atomics.load(a.memory.words, 6), 0);
});
