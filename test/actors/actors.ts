/** Everything that is true of actors on every executor. */
import type { Executor, ExecutorOptions } from 'tutti';
import { subjectOf, type Claims } from '../conformance/subject.ts';
import { callSuite } from './calls.ts';
import { handleSuite } from './handles.ts';
import { lifeSuite } from './lives.ts';
import { mishapSuite } from './mishaps.ts';
import { streamSuite } from './streams.ts';

export function actorSuite(
  name: string,
  open: (options?: ExecutorOptions) => Executor,
  claims: Claims,
): void {
  const subject = subjectOf(name, open, claims);
  callSuite(subject);
  streamSuite(subject);
  lifeSuite(subject);
  handleSuite(subject);
  mishapSuite(subject);
}
