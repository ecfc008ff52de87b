/** All suites by name, in the order of the report; each is loaded only in the processes that need it. */
import type { Problem } from './problems/problem.ts';
import type { Suite } from './suite.ts';

export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  capture: async () => (await import('./suites/capture.ts')).suite,
  codec: async () => (await import('./suites/codec.ts')).suite,
  start: async () => (await import('./suites/start.ts')).suite,
  kill: async () => (await import('./suites/kill.ts')).suite,
  map: async () => (await import('./suites/map.ts')).suite,
  efficiency: async () => (await import('./suites/efficiency.ts')).suite,
  for: async () => (await import('./suites/for.ts')).suite,
  limits: async () => (await import('./suites/limits.ts')).suite,
  calls: async () => (await import('./suites/calls.ts')).suite,
  bulk: async () => (await import('./suites/bulk.ts')).suite,
  processes: async () => (await import('./suites/processes.ts')).suite,
  deaths: async () => (await import('./suites/deaths.ts')).suite,
  arrays: async () => (await import('./suites/arrays.ts')).suite,
  payload: async () => (await import('./suites/payload.ts')).suite,
  transit: async () => (await import('./suites/transit.ts')).suite,
  skew: async () => (await import('./suites/skew.ts')).suite,
  pipeline: async () => (await import('./suites/pipeline.ts')).suite,
  sync: async () => (await import('./suites/sync.ts')).suite,
  nested: async () => (await import('./suites/nested.ts')).suite,
  structures: async () => (await import('./suites/structures.ts')).suite,
  actors: async () => (await import('./suites/actors.ts')).suite,
  ep: async () => problem('ep', (await import('./problems/independent.ts')).ep),
  nbody: async () => problem('nbody', (await import('./problems/independent.ts')).nbody),
  mandelbrot: async () => problem('mandelbrot', (await import('./problems/independent.ts')).mandelbrot),
  words: async () => problem('words', (await import('./problems/independent.ts')).words),
  stencil: async () => problem('stencil', (await import('./problems/arrays.ts')).stencil),
  transpose: async () => problem('transpose', (await import('./problems/arrays.ts')).transpose),
  nstream: async () => problem('nstream', (await import('./problems/arrays.ts')).nstream),
  image: async () => problem('image', (await import('./problems/arrays.ts')).image),
};

async function problem(name: string, what: Problem): Promise<Suite> {
  return (await import('./problem-suite.ts')).problemSuite(name, what);
}
