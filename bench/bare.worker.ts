/** What one would write by hand: squares what it is sent, or does a share of the busy tasks. */
import { parentPort } from 'node:worker_threads';
import { busy } from './busy.ts';

type Request =
  number | { readonly echo: number } | { readonly seeds: readonly number[]; readonly iterations: number };

parentPort?.on('message', (request: Request) => {
  if (typeof request === 'number') parentPort?.postMessage(request * request);
  else if ('echo' in request) parentPort?.postMessage(request.echo);
  else for (const seed of request.seeds) parentPort?.postMessage(busy(seed, request.iterations));
});
