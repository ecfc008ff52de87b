/** Watches how many cores other programs keep busy meanwhile: nothing says more about a poor speed-up. */
import { cpus } from 'node:os';
import type { Machine } from '../machine.ts';

/** Starts to watch; call the result for the number of cores that others have used on average since. */
export function watchOtherLoad(): () => number {
  const before = usage();
  return () => {
    const now = usage();
    const wallMs = now.atMs - before.atMs;
    if (!(wallMs > 0)) return 0;
    return Math.max(0, (now.busyMs - before.busyMs - (now.ownMs - before.ownMs)) / wallMs);
  };
}

/** What to tell the reader, when others left fewer cores than there are workers; `undefined` otherwise. */
export function loadNote(
  otherCores: number,
  { usableCores, hostCores }: Pick<Machine, 'usableCores' | 'hostCores'>,
  workers: number,
): string | undefined {
  if (workers > usableCores) {
    return `${workers} workers share ${usableCores} core${usableCores === 1 ? '' : 's'}: the speed-up cannot pass ${usableCores}×`;
  }
  if (hostCores - otherCores > workers - 0.15) return undefined;
  return (
    `other programs kept ${otherCores.toFixed(1)} of ${hostCores} cores busy meanwhile: ` +
    'on an idle machine the speed-up is higher'
  );
}

/** Busy time of the whole machine and of this process, in milliseconds. */
function usage(): { atMs: number; busyMs: number; ownMs: number } {
  let busyMs = 0;
  for (const { times } of cpus()) busyMs += times.user + times.nice + times.sys + times.irq;
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), busyMs, ownMs: (user + system) / 1000 };
}
