/** The first bytes of a frame. */
import type { ByteReader } from './byte-reader.ts';
import { FLAG_BIG_ENDIAN, HEADER_BYTES, MAGIC_0, MAGIC_1, OWN_FLAGS, VERSION } from './format.ts';
import { FrameError } from './frame-error.ts';

/** Reads the header of a frame that `buffers` came with; a FrameError where they are not of this version, machine and frame. */
export function readHeader(reader: ByteReader, buffers: number): void {
  reader.take(HEADER_BYTES);
  const { bytes } = reader;
  if (bytes[0] !== MAGIC_0 || bytes[1] !== MAGIC_1)
    throw new FrameError('magic', 0, 'these bytes are not one');
  if (bytes[2] !== VERSION)
    throw new FrameError(
      'version',
      2,
      `it has version ${bytes[2]}, this side knows ${VERSION}; use the same release on both sides`,
    );
  if (((bytes[3]! ^ OWN_FLAGS) & FLAG_BIG_ENDIAN) !== 0)
    throw new FrameError('endian', 3, 'it comes from a machine of the other byte order');
  if (bytes[3] !== OWN_FLAGS) throw new FrameError('tag', 3, `flags ${bytes[3]} mean nothing`);
  const count = bytes[4]! + bytes[5]! * 0x100 + bytes[6]! * 0x1_0000 + bytes[7]! * 0x100_0000;
  if (count !== buffers)
    throw new FrameError('buffers', 4, `${count} buffers belong to it, but got ${buffers}`);
}
