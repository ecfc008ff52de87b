import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { capture, unpack, type Packed } from '#src/closure/index.js';
import { memoryHandle, unmap } from '#src/memory/handle.js';
import { shared } from '#src/memory/shared.js';
import { trackerId } from '#src/memory/tracker.js';
import { Transit } from '#src/memory/transit.js';
import { encode } from '#src/codec/index.js';
import { assertNoLeaks } from '../leaks.ts';
import { notLinux, until } from './mapped.ts';
import { Peer } from './peer.ts';

const options = { timeout: 60_000, skip: notLinux };
const LENGTH = 500_000;

after(assertNoLeaks);

/** The segments that this program and its child processes have. */
function names(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith(`tutti-${trackerId()}`));
}

test('arrays go to two processes and come back', options, async () => {
  const transit = new Transit();
  const peers = [new Peer(transit, 1), new Peer(transit, 2)];
  const array = new Float64Array(LENGTH).fill(1.5);
  for (let round = 0; round < 5; round++) {
    const batch = transit.batch();
    const answers = peers.map((peer) => peer.ask('double', array, batch));
    batch.end();
    for (const answer of (await Promise.all(answers)) as Float64Array[]) {
      assert.equal(answer.length, LENGTH);
      assert.ok(answer.every((x) => x === 3));
      answer[0] = round;
    }
    assert.equal(array[0], 1.5);
  }
  await Promise.all(peers.map((peer) => peer.end()));
  transit.close();
  await until(() => names().length === 0);
});

test('what a process keeps never changes, and what it drops is used again', options, async () => {
  const transit = new Transit();
  const peer = new Peer(transit, 1);
  const array = new Float64Array(LENGTH).fill(1);
  await peer.ask('keep', array);
  const once = transit.totalBytes;
  array.fill(2);
  assert.equal(await peer.ask('sum', array), 2 * LENGTH);
  assert.equal(await peer.ask('kept'), 1);
  assert.equal(transit.totalBytes, 2 * once);
  await peer.ask('drop');
  while (transit.freeBytes < transit.totalBytes) await peer.ask('gc');
  await Promise.all([peer.ask('length', array), peer.ask('length', array)]);
  assert.equal(transit.totalBytes, 2 * once);
  await peer.end();
  transit.close();
});

test('memory that is shared is the same in all processes', options, async () => {
  const transit = new Transit();
  const peer = new Peer(transit, 1);
  const wide = shared(Float64Array, LENGTH, { across: 'processes' });
  wide.fill(2);
  const same = (await peer.ask('double', wide)) as Float64Array;
  assert.equal(wide[LENGTH - 1], 4);
  assert.equal(same.buffer, wide.buffer);
  assert.equal(transit.totalBytes, 0);
  await peer.end();
  unmap(same);
  unmap(wide);
  transit.close();
  await until(() => names().length === 0);
});

test(
  'functions take large arrays along, and what they return arrives, in two processes',
  options,
  async () => {
    const transit = new Transit();
    const peers = [new Peer(transit, 1), new Peer(transit, 2)];
    class Summary {
      readonly values: Float64Array;
      readonly from: Summary | undefined;
      constructor(values: Float64Array, from?: Summary) {
        this.values = values;
        this.from = from;
      }
      sum(): number {
        return this.values.reduce((a, b) => a + b, 0);
      }
    }
    const large = new Float64Array(LENGTH).fill(2);
    const wide = shared(Float64Array, 1000, { across: 'processes' });
    const base = new Summary(large);
    const { packed } = capture(() => {
      wide[0]! += 1;
      const next = new Summary(
        base.values.map((x) => x + 1),
        base,
      );
      base.values[0] = -1;
      return { next, error: new RangeError('far', { cause: next }), wide, again: base.values };
    });
    const batch = transit.batch();
    const answers = peers.map((peer) => peer.ask('call', packed, batch));
    batch.end();
    assert.ok(transit.totalBytes < 2 * large.byteLength, 'the captured array was placed once');
    for (const answer of await Promise.all(answers)) {
      const result = unpack(answer as Packed) as {
        next: Summary;
        error: Error;
        wide: Float64Array;
        again: Float64Array;
      };
      assert.ok(result.next instanceof Summary);
      assert.equal(result.next.sum(), 3 * LENGTH);
      assert.equal(result.next.from!.values[0], -1);
      assert.equal(result.again, result.next.from!.values);
      assert.equal(result.error.cause, result.next);
      assert.equal(result.wide.buffer, wide.buffer);
    }
    assert.equal(wide[0], 2);
    assert.equal(large[0], 2);
    await Promise.all(peers.map((peer) => peer.end()));
    while (memoryHandle(wide) !== undefined) unmap(wide); // each answer has mapped it once more
    transit.close();
    await until(() => names().length === 0);
  },
);

test('without room on either side the arrays arrive all the same', options, async () => {
  const transit = new Transit({ maxBytes: 0 });
  const peer = new Peer(transit, 1, 0);
  const answer = (await peer.ask('double', new Float64Array(LENGTH).fill(1.5))) as Float64Array;
  assert.ok(answer.every((x) => x === 3));
  assert.deepEqual([transit.totalBytes, names().length], [0, 0]);
  await peer.end();
  transit.close();
});

test('a receiver that is killed leaves nothing, and its memory is used again', options, async () => {
  const transit = new Transit();
  const peer = new Peer(transit, 1);
  const array = new Float64Array(LENGTH).fill(1);
  await peer.ask('keep', array);
  const once = transit.totalBytes;
  const gone = peer.ask('sum', array);
  peer.process.kill('SIGKILL');
  await assert.rejects(gone, /the peer is gone/);
  await peer.end();
  transit.forget(1);
  const next = new Peer(transit, 1);
  const two = await Promise.all([next.ask('sum', array), next.ask('sum', array)]);
  assert.deepEqual(two, [LENGTH, LENGTH]);
  assert.equal(transit.totalBytes, 2 * once);
  await next.end();
  transit.close();
  await until(() => names().length === 0);
});

test('the result of a sender that is killed stays, and its names go', options, async () => {
  const transit = new Transit();
  const peer = new Peer(transit, 1);
  const result = (await peer.ask('leave')) as Float64Array;
  assert.equal(names().length, 1);
  peer.process.kill('SIGKILL');
  await peer.end();
  await until(() => names().length === 0);
  assert.equal(result.length, 1e6);
  assert.ok(result.every((x) => x === 3));
  result[5] = 4;
  assert.equal(result[5], 4);
  transit.close();
});

test('a process that is killed with its message unread leaves nothing', options, async () => {
  const transit = new Transit();
  const peer = new Peer(transit, 1);
  peer.process.kill('SIGSTOP');
  const lost = peer.ask('sum', new Float64Array(LENGTH));
  assert.equal(names().length, 1);
  peer.process.kill('SIGKILL');
  await assert.rejects(lost);
  await peer.end();
  transit.forget(1);
  const before = transit.totalBytes;
  transit.parcel(1).make((share) => encode(new Float64Array(LENGTH), { share }));
  assert.equal(transit.totalBytes, before);
  transit.close();
  await until(() => names().length === 0);
});
