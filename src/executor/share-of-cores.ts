/** How many workers a pool gets by default. */
import { usableCores } from '../base/cores.ts';
import { nesting } from './nesting.ts';

/** The cores for a pool that is opened here: inside a worker, what the pools above leave it when every worker is busy. */
export function shareOfCores(): number {
  const { cores, siblings } = nesting();
  return Math.max(1, Math.floor((cores ?? usableCores()) / siblings));
}
