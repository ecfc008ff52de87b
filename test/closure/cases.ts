/** Table tests: each case is one function sent to a worker, with the value it must give there. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RoundTrip } from './round-trip.js';

export interface Case {
  readonly name: string;
  /** Runs on the caller's side: sends what it likes with `call`, gives what is compared with `expect`. */
  readonly run: (call: RoundTrip['call']) => unknown;
  readonly expect: unknown;
}

/** Declares the tests; one worker serves the file. */
export function cases(list: readonly Case[]): void {
  let there: RoundTrip;
  before(() => {
    there = new RoundTrip();
  });
  after(() => there.close());
  for (const { name, run, expect } of list)
    test(name, { timeout: 20_000 }, async () => {
      assert.deepEqual(await run((fn, ...args) => there.call(fn, ...args)), expect);
    });
}
