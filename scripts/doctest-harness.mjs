/** What the generated doctests are written with; copied beside them. */
import assert from 'node:assert/strict';

export { test as test$ } from 'node:test';

/** Fails with the example's place in the source when the value is not the one that the comment promises. */
export function equal$(actual, expected, at) {
  try {
    assert.deepStrictEqual(actual, expected);
  } catch (error) {
    throw located(error, at);
  }
}

/** Fails unless the statement throws or rejects as the comment promises: `type` is the error's class or name. */
export async function throws$(run, type, message, at) {
  let thrown;
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    thrown = error;
  }
  const unexpected = mismatch(thrown, type, message);
  if (unexpected !== undefined) throw located(new assert.AssertionError({ message: unexpected }), at);
}

function mismatch(error, type, message) {
  if (error === undefined) return `expected ${type || 'an error'}, nothing was thrown`;
  if (type !== '' && error.name !== type && error.constructor.name !== type) {
    return `expected a ${type}, got ${error.name}: ${error.message}`;
  }
  const beginning = message.replace(/ *(?:…|\.\.\.)$/, '');
  return error.message.startsWith(beginning) ? undefined : `expected "${message}", got "${error.message}"`;
}

function located(error, at) {
  error.message = `example at ${at}: ${error.message}`;
  return error;
}
