/** Table tests: each case is one function sent to a worker, with the value it must give there. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RoundTrip } from './round-trip.js';

export interface Case {
  readonly name: string;
  /** Runs on the caller's side: sends what it likes with `call`, gives what is compared with `expect`. */
  readonly run: (call: RoundTrip['call']) => unknown;
  readonly expect: unknown;
  /** What of it lives in the memory of one process, so that bytes cannot carry it. */
  readonly onlyThreads?: string;
}

/** Declares the tests; two workers serve the file, and to one of them everything goes as bytes. */
export function cases(list: readonly Case[]): void {
  for (const way of ['clone', 'bytes'] as const) {
    let there: RoundTrip;
    before(() => {
      there = new RoundTrip(way);
    });
    after(() => there.close());
    for (const { name, run, expect, onlyThreads } of list) {
      const skip = way === 'bytes' && onlyThreads !== undefined && onlyThreads;
      test(way === 'bytes' ? `${name}, as bytes` : name, { timeout: 20_000, skip }, async () => {
        assert.deepEqual(await run((fn, ...args) => there.call(fn, ...args)), expect);
      });
    }
  }
}
