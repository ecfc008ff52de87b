/** The suite that every backend passes: one call declares all its tests. */
import type { Executor, ExecutorOptions } from 'tutti';
import { callOptionTests } from './call-options.ts';
import { contextTests } from './task-context.ts';
import { foldTests } from './fold.ts';
import { lifeTests } from './life.ts';
import { loopTests } from './loop.ts';
import { mapTests } from './map.ts';
import { searchTests } from './search.ts';
import { streamTests } from './stream.ts';
import { subjectOf, type Claims } from './subject.ts';
import { submitTests } from './submit.ts';
import { valueTests } from './values.ts';

/**
 * Declares the tests of the whole executor surface for one backend.
 *
 * @param name what the backend calls itself
 * @param open opens an executor of it
 * @param claims what it can do; a test that needs more is skipped and says so
 */
export function conformance(
  name: string,
  open: (options?: ExecutorOptions) => Executor,
  claims: Claims,
): void {
  const subject = subjectOf(name, open, claims);
  submitTests(subject);
  mapTests(subject);
  streamTests(subject);
  foldTests(subject);
  searchTests(subject);
  loopTests(subject);
  callOptionTests(subject);
  lifeTests(subject);
  contextTests(subject);
  valueTests(subject);
}
