/** A module that loads in the main thread alone: a function that imports it cannot be rebuilt in a worker. */
import { isMainThread } from 'node:worker_threads';

if (!isMainThread || process.argv[1]?.endsWith('process.worker.js') === true)
  throw new RangeError('this module loads in the main thread only');

export const answer = 42;
