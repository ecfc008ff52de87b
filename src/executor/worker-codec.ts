/** The part of the closure codec that a worker needs only when a value is not plain. */
import type { packError, unpackError } from '../closure/error.ts';
import type { pack } from '../closure/pack.ts';

export interface Codec {
  readonly pack: typeof pack;
  readonly packError: typeof packError;
  readonly unpackError: typeof unpackError;
}

/** Loads it. A worker that only runs functions and returns plain data never waits for this. */
export async function errorsAndGraphs(): Promise<Codec> {
  const [graphs, errors] = await Promise.all([import('../closure/pack.ts'), import('../closure/error.ts')]);
  return { pack: graphs.pack, packError: errors.packError, unpackError: errors.unpackError };
}
