/**
 * Any value that can travel, as bytes, and back: `pack` and `encode` in one step.
 *
 * Not in the index: threads need neither, and workers start with fewer files.
 */
import type { Transferable } from 'node:worker_threads';
import {
  decode,
  encode,
  type DecodeOptions,
  type Encoded,
  type EncodeOptions,
  type Message,
} from '../codec/index.ts';
import { pack, type PackOptions } from './pack.ts';
import { unpack } from './unpack.ts';
import type { Packed } from './wire.ts';

/** Options of {@link frameOf}. */
export interface FrameOptions
  extends Pick<PackOptions, 'root' | 'reply'>, Pick<EncodeOptions, 'share' | 'snapshot' | 'outOfBandBytes'> {}

/**
 * The frame of any value that can travel, functions, instances and errors included. Memory that `move()` marked is detached.
 *
 * @throws CaptureError naming the path of what cannot travel
 */
export function frameOf(value: unknown, options: FrameOptions = {}): Encoded {
  const transfer: Transferable[] = [];
  return frameOfPacked(
    pack(value, { root: options.root, reply: options.reply, transfer }),
    transfer,
    value,
    options,
  );
}

/** The frame of what `pack` made of `value`; `transfer` is what it collected. */
export function frameOfPacked(
  packed: Packed,
  transfer: readonly Transferable[],
  value: unknown,
  options: FrameOptions = {},
): Encoded {
  const { root, share, snapshot, outOfBandBytes } = options;
  const moved = transfer.length === 0 ? undefined : (buffer: ArrayBuffer) => transfer.includes(buffer);
  return encode(packed, { root, share, snapshot, outOfBandBytes, subject: value, moved });
}

/**
 * The value of a message that {@link frameOf} made; takes its buffers over. A promise where a module must be imported first.
 *
 * Functions in it are code: the message must come from somebody trusted.
 *
 * @throws FrameError when the message is broken
 */
export function valueOf(message: Message, options: Pick<DecodeOptions, 'resolve'> = {}): unknown {
  return unpack(decode(message.frame, message.buffers, options) as Packed);
}
