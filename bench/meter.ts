/** Clocks for the suites: wall time, and CPU time of the whole process with all its threads. */
import { median } from './statistics.ts';

/** What one measured call took, in milliseconds. */
export interface Cost {
  readonly wallMs: number;
  /** User and system time of all threads of the process: workers, garbage collector and compiler included. */
  readonly cpuMs: number;
}

/** Runs `call` once. */
export async function costOf(call: () => unknown): Promise<Cost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await call();
  const wallMs = performance.now() - start;
  const used = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (used.user + used.system) / 1000 };
}

/** Runs `call` `warmUps` times unmeasured and `calls` times measured; the medians, and what the very first call took. */
export async function steadyCost(
  call: () => unknown,
  warmUps: number,
  calls: number,
): Promise<{ wallMs: number; cpuMs: number; firstWallMs: number; firstCpuMs: number }> {
  const first = await costOf(call);
  for (let i = 1; i < warmUps; i++) await call();
  const costs: Cost[] = [];
  for (let i = 0; i < calls; i++) costs.push(await costOf(call));
  return {
    wallMs: median(costs.map((cost) => cost.wallMs)),
    cpuMs: median(costs.map((cost) => cost.cpuMs)),
    firstWallMs: first.wallMs,
    firstCpuMs: first.cpuMs,
  };
}
