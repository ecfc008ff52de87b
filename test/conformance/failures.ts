/** The ways in which a task can go wrong: the rows of the failure matrix. */
import assert from 'node:assert/strict';
import { CaptureError, TaskTimeoutError, UnsupportedError, WorkerCrashedError } from 'tutti';
import { answer } from './main-thread-only.ts';
import type { Need } from './subject.ts';

/** What a guilty function throws. */
export class Guilt extends Error {
  readonly code = 'E_GUILT';
}

/** The reason that cancelled calls end with. */
export class Enough extends Error {}

/** One way to go wrong. */
export interface Failure {
  readonly name: string;
  /** Goes wrong; `started[0]` says that it runs. */
  readonly run: (started: Int32Array<SharedArrayBuffer>) => unknown;
  /** Without these the whole process would suffer, or nothing would go wrong. */
  readonly needs: readonly Need[];
  /** The call is cancelled once its function runs. */
  readonly cancelled?: boolean;
  /** The function returns a promise. */
  readonly asynchronous?: boolean;
  readonly timeoutMs?: number;
  /** Only calls with results go wrong. */
  readonly byResult?: boolean;
  readonly check: (error: unknown) => void;
}

function guilty(error: unknown): void {
  assert.ok(error instanceof Guilt, String(error));
  assert.equal(error.message, 'guilty');
  assert.equal(error.code, 'E_GUILT');
  assert.match(error.stack ?? '', /culprit/, 'the stack names the task');
}

function crashed(error: unknown): WorkerCrashedError {
  assert.ok(error instanceof WorkerCrashedError, String(error));
  assert.match(error.message, /culprit/, 'the message names the task');
  assert.match(error.task ?? '', /culprit/);
  assert.ok(error.workerId > 0);
  return error;
}

function uncaught(error: unknown): void {
  const { cause } = crashed(error);
  // A thread that blocks sees that the worker is gone before it can learn why.
  if (cause !== undefined) assert.equal((cause as Error).message, 'late');
}

/** Never settles, and keeps the worker's event loop busy. */
async function never(): Promise<never> {
  for (;;) await new Promise((resolve) => setTimeout(resolve, 5));
}

export const failures: readonly Failure[] = [
  {
    name: 'throw',
    needs: [],
    run: () => {
      throw new Guilt('guilty');
    },
    check: guilty,
  },
  {
    name: 'reject',
    needs: [],
    asynchronous: true,
    run: async () => await Promise.reject(new Guilt('guilty')),
    check: guilty,
  },
  {
    name: 'process.exit',
    needs: ['killable'],
    run: () => process.exit(7),
    check: (error) => assert.equal(crashed(error).exitCode, 7),
  },
  {
    name: 'process.exit after a while',
    needs: ['killable'],
    asynchronous: true,
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      process.exit(7);
    },
    check: (error) => assert.equal(crashed(error).exitCode, 7),
  },
  {
    // Small objects: when it is an array that finds no room, Node 24 and later abort the whole process.
    name: 'heap out of memory',
    needs: ['killable'],
    run: () => {
      let hoard: unknown;
      for (;;) hoard = { before: hoard };
    },
    check: (error) => {
      const { memoryLimit, exitCode } = crashed(error);
      // A thread that blocks learns that the worker is gone, not why.
      if (memoryLimit !== undefined) assert.match(memoryLimit, /^heap \d+ MB$/);
      else assert.ok(exitCode === undefined || exitCode === 1);
    },
  },
  {
    name: 'infinite loop, cancelled',
    needs: ['killable'],
    cancelled: true,
    run: (started) => {
      Atomics.store(started, 0, 1);
      for (;;);
    },
    check: (error) => assert.ok(error instanceof Enough, String(error)),
  },
  {
    name: 'infinite loop with a time limit',
    needs: ['killable'],
    timeoutMs: 40,
    run: () => {
      for (;;);
    },
    check: (error) => {
      assert.ok(error instanceof TaskTimeoutError, String(error));
      assert.match(error.message, /culprit/);
    },
  },
  {
    name: 'never-settling promise, cancelled',
    needs: [],
    cancelled: true,
    asynchronous: true,
    run: async (started) => {
      Atomics.store(started, 0, 1);
      await new Promise(() => undefined);
    },
    check: (error) => assert.ok(error instanceof Enough, String(error)),
  },
  {
    name: 'never-settling promise with a time limit',
    needs: [],
    timeoutMs: 40,
    asynchronous: true,
    run: async () => await new Promise(() => undefined),
    check: (error) => {
      assert.ok(error instanceof TaskTimeoutError, String(error));
      assert.match(error.message, /culprit/);
    },
  },
  {
    name: 'unserialisable result',
    needs: ['isolated'],
    byResult: true,
    run: () => new WeakMap(),
    check: (error) => {
      assert.ok(error instanceof CaptureError, String(error));
      assert.match(error.message, /WeakMap/);
      assert.match(error.stack ?? '', /culprit/);
    },
  },
  {
    name: 'import of a missing module',
    needs: [],
    asynchronous: true,
    run: async () => {
      const missing = './no-such-module.js';
      await import(missing);
    },
    check: (error) => {
      assert.ok(error instanceof Error, String(error));
      assert.equal((error as NodeJS.ErrnoException).code, 'ERR_MODULE_NOT_FOUND');
    },
  },
  {
    name: 'a function that cannot be rebuilt',
    needs: ['isolated'],
    run: () => answer,
    check: (error) => {
      assert.ok(error instanceof RangeError, String(error));
      assert.match(error.message, /main thread only/);
      assert.match(error.stack ?? '', /culprit/);
    },
  },
  {
    name: 'uncaught error in a timer',
    needs: ['killable'],
    asynchronous: true,
    run: async () => {
      setTimeout(() => {
        throw new RangeError('late');
      }, 1);
      await never();
    },
    check: uncaught,
  },
  {
    name: 'unhandled rejection',
    needs: ['killable'],
    asynchronous: true,
    run: async () => {
      void Promise.reject(new RangeError('late'));
      await never();
    },
    check: uncaught,
  },
];

/** The error of a blocking call that can never end. */
export function unsupported(error: unknown): void {
  assert.ok(error instanceof UnsupportedError, String(error));
}
