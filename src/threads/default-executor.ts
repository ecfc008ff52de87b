/** The process-wide executor behind `import { map } from 'tutti'`. */
import { registrySlot } from '../base/registry.ts';
import type { Executor } from '../executor/executor.ts';
import { threads } from './threads.ts';

const slot = registrySlot<Executor>('default executor', 1);

/** Started with the first call; it lets the process exit when idle, so nobody has to close it. */
export function defaultExecutor(): Executor {
  return slot.take(() => threads({ name: 'default' }));
}
