/** The one error of everything that reads bytes. */
import { TuttiError } from '../base/errors.ts';

/**
 * What is wrong with a frame or a message:
 *
 * - `magic` it is none, `version` of another version, `endian` of a machine of the other byte order
 * - `truncated` it ends too early, `trailing` too late
 * - `tag` a byte that means nothing, `count` more elements than its bytes can hold, `reference` to what is not there
 * - `depth` nested deeper than any encoder nests, `value` what the engine refuses to make (a RegExp, a date, a string)
 * - `buffers` other buffers than the frame speaks of, `handle` shared memory that nobody resolves
 * - `limit` larger than the reader was told to accept
 */
export type FrameFault =
  | 'magic'
  | 'version'
  | 'endian'
  | 'truncated'
  | 'trailing'
  | 'tag'
  | 'count'
  | 'reference'
  | 'depth'
  | 'value'
  | 'buffers'
  | 'handle'
  | 'limit';

/** Bytes cannot be read as a frame or message; `fault` says why, `offset` where. */
export class FrameError extends TuttiError {
  readonly code = 'ERR_TUTTI_FRAME';
  readonly fault: FrameFault;
  /** Position in the frame (or in the stream of messages) where it was noticed. */
  readonly offset: number;
  constructor(fault: FrameFault, offset: number, message: string, cause?: unknown) {
    super(`cannot read frame: ${message} (at byte ${offset})`, cause === undefined ? undefined : { cause });
    this.fault = fault;
    this.offset = offset;
  }
}
