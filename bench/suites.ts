/** All suites by name, in the order of the report; each is loaded only in the processes that need it. */
import type { Suite } from './suite.ts';

export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  capture: async () => (await import('./suites/capture.ts')).suite,
  start: async () => (await import('./suites/start.ts')).suite,
  map: async () => (await import('./suites/map.ts')).suite,
  efficiency: async () => (await import('./suites/efficiency.ts')).suite,
  for: async () => (await import('./suites/for.ts')).suite,
  dispatch: async () => (await import('./suites/dispatch.ts')).suite,
};
