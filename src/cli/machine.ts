import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { usableCores } from '../base/cores.ts';
import { packageVersion } from './package-version.ts';

/** What `tutti info` and the demo's report say about where they run. */
export interface Machine {
  readonly tutti: string;
  readonly node: string;
  readonly v8: string;
  /** Such as `linux x64`. */
  readonly platform: string;
  readonly cpu: string;
  /** Processors that the host has; that the operating system offers; that Tutti uses (affinity and quota respected). */
  readonly hostCores: number;
  readonly availableCores: number;
  readonly usableCores: number;
  readonly memoryBytes: number;
}

/** Looks at this machine. Blocks for less than a millisecond. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    tutti: packageVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()}`,
    cpu: processors[0]?.model.trim() || 'unknown',
    hostCores: Math.max(1, processors.length),
    availableCores: availableParallelism(),
    usableCores: usableCores(),
    memoryBytes: totalmem(),
  };
}
