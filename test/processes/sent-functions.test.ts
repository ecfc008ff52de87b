import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { capture } from '#src/closure/index.js';
import type { ToWorker } from '#src/executor/wire.js';
import { nativeProblem } from '#src/memory/native.js';
import { Transit, type Batch } from '#src/memory/transit.js';
import { admit } from '#src/processes/entry-paths.js';
import { SentFunctions } from '#src/processes/sent-functions.js';
import { assertNoLeaks } from '../leaks.ts';
import { timeout } from './modes.ts';

after(assertNoLeaks);

const options = { timeout, skip: nativeProblem('this test')?.message ?? false };

/** A transit, and how to end what it has made for several messages, which otherwise takes a garbage collection. */
class Watched extends Transit {
  readonly #batches: Batch[] = [];

  override batch(): Batch {
    const made = super.batch();
    this.#batches.push(made);
    return made;
  }

  endBatches(): void {
    for (const batch of this.#batches) batch.end();
  }
}

/** The entry of a function that has 2.4 MB with it. */
function large(): ToWorker {
  const array = new Float64Array(300_000);
  const f = (): number => array.length;
  const captured = capture(f);
  admit(captured, f);
  return ['function', captured.id, captured.packed];
}

const refuse = (): void => {
  throw new RangeError('not sent');
};

test('a message that could not be sent lends nothing of its functions', options, (t) => {
  const transit = new Watched();
  t.after(() => transit.close());
  const functions = new SentFunctions(transit);
  const [one, other] = [large(), large()];
  // The first time a function is sent and the next, alone and with others.
  assert.throws(() => functions.send([one], 1, refuse), /not sent/);
  assert.throws(() => functions.send([one, other], 1, refuse), /not sent/);
  assert.throws(() => functions.send([one, other], 2, refuse), /not sent/);
  const { totalBytes } = transit;
  assert.ok(totalBytes > 2 * 2_400_000);
  assert.equal(transit.freeBytes, 0, 'as long as they may be sent');
  let sent: readonly ToWorker[] = [];
  functions.send([other], 2, (framed) => (sent = framed));
  assert.ok('frame' in Object(sent[0]?.[2]));
  transit.endBatches();
  assert.equal(transit.freeBytes, totalBytes / 2, 'one of them was lent');
  transit.forget(2);
  assert.equal(transit.freeBytes, totalBytes);
});
