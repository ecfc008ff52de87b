/** Functions that travel: capture with everything they reach, and rebuild elsewhere. */
export type { AnyFunction } from './function-type.ts';
export type { Packed } from './wire.ts';
export { pack, type PackOptions } from './pack.ts';
export { packMapped } from './pack-mapped.ts';
export { unpack } from './unpack.ts';
export { scanPlain } from './plain.ts';
export { capture, captureToCall, snapshot, type Captured } from './capture.ts';
export { task } from './task.ts';
export { packError, unpackError } from './error.ts';
export { deserialize, refuse, serialize } from './protocol.ts';
export { positionOf, relocate } from './relocate.ts';
export { pathToNode, type NodePath } from './node-path.ts';
export { arithmeticCopy } from './arithmetic.ts';
export { onlyComputes } from './computes.ts';
export { localCopy } from './local-copy.ts';
export { noteImport, realm } from './identity.ts';
