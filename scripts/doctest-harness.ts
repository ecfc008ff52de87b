/** What the generated doctests are written with; copied beside them. */
import assert from 'node:assert/strict';

export { test as test$ } from 'node:test';

/** Fails with the example's place in the source when the value is not the one that the comment promises. */
export function equal$(actual: unknown, expected: unknown, at: string): void {
  try {
    assert.deepStrictEqual(actual, expected);
  } catch (error) {
    throw located(error, at);
  }
}

/** Fails unless the statement throws or rejects as the comment promises: `type` is the error's class or name. */
export async function throws$(
  run: () => Promise<void>,
  type: string,
  message: string,
  at: string,
): Promise<void> {
  let thrown: unknown;
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    thrown = error;
    if (type !== '' && error.name !== type && error.constructor.name !== type) {
      throw located(
        new TypeError(`expected a ${type}, got ${error.name}: ${error.message}`, { cause: error }),
        at,
      );
    }
    if (!error.message.startsWith(message.replace(/ *(?:…|\.\.\.)$/, ''))) {
      throw located(new TypeError(`expected "${message}", got "${error.message}"`, { cause: error }), at);
    }
  }
  if (thrown === undefined)
    throw located(new TypeError(`expected ${type || 'an error'}, nothing was thrown`), at);
}

function located(error: unknown, at: string): unknown {
  if (error instanceof Error) error.message = `example at ${at}: ${error.message}`;
  return error;
}
