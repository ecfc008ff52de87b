/**
 * A PNG writer for 8-bit RGB pictures: signature, IHDR, IDAT (deflate), IEND, as in PNG (third edition, W3C).
 *
 * Written here because node:zlib has the two hard parts (deflate and CRC-32) and a dependency would
 * otherwise be installed with every copy of the package for the sake of the demo.
 */
import { crc32, deflateSync } from 'node:zlib';

/**
 * Encodes a picture of `width` × `height` pixels, `rgb` holding three bytes for each, row by row from the top.
 *
 * Rows use the filter `Up` or `Sub`, whichever leaves the smaller sum of differences.
 *
 * @throws RangeError when `rgb` is not `3 · width · height` bytes long.
 */
export function encodePng(width: number, height: number, rgb: Uint8Array): Uint8Array {
  if (!(width > 0 && height > 0) || rgb.length !== 3 * width * height) {
    throw new RangeError(
      `a ${width} × ${height} RGB picture takes ${3 * width * height} bytes, not ${rgb.length}`,
    );
  }
  const stride = 3 * width;
  const filtered = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) filterRow(rgb, y * stride, stride, y > 0, filtered, y * (stride + 1));

  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB, deflate, standard filters, not interlaced
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    block('IHDR', header),
    block('IDAT', deflateSync(filtered, { level: 9 })),
    block('IEND', new Uint8Array(0)),
  ]);
}

/** Filter types of the PNG standard that are used here. */
const SUB = 1;
const UP = 2;

function filterRow(
  rgb: Uint8Array,
  from: number,
  stride: number,
  hasAbove: boolean,
  out: Uint8Array,
  at: number,
): void {
  let sub = 0;
  let up = 0;
  for (let i = 0; i < stride; i++) {
    const value = rgb[from + i]!;
    sub += magnitude(value - (i < 3 ? 0 : rgb[from + i - 3]!));
    up += magnitude(value - (hasAbove ? rgb[from + i - stride]! : 0));
  }
  out[at] = sub <= up ? SUB : UP;
  for (let i = 0; i < stride; i++) {
    const left = i < 3 ? 0 : rgb[from + i - 3]!;
    const above = hasAbove ? rgb[from + i - stride]! : 0;
    out[at + 1 + i] = rgb[from + i]! - (sub <= up ? left : above);
  }
}

/** A difference as the signed byte that the filter stores, without its sign. */
function magnitude(difference: number): number {
  return Math.abs((difference << 24) >> 24);
}

function block(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}
