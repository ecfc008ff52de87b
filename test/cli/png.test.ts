import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { encodePng } from '#src/cli/png.js';

const timeout = 10_000;

/** A reader written from the standard, for all filters that an 8-bit RGB picture may have. */
function decodePng(bytes: Uint8Array): { width: number; height: number; rgb: Uint8Array } {
  const png = Buffer.from(bytes);
  assert.equal(png.subarray(0, 8).toString('latin1'), '\u0089PNG\r\n\u001a\n');
  let width = 0;
  let height = 0;
  const data: Buffer[] = [];
  const types: string[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    assert.equal(
      png.readUInt32BE(at + 8 + length),
      crc32(png.subarray(at + 4, at + 8 + length)),
      `CRC of ${type}`,
    );
    types.push(type);
    if (type === 'IHDR') {
      width = body.readUInt32BE(0);
      height = body.readUInt32BE(4);
      assert.deepEqual([...body.subarray(8)], [8, 2, 0, 0, 0]);
    }
    if (type === 'IDAT') data.push(body);
    at += 12 + length;
  }
  assert.equal(types[0], 'IHDR');
  assert.equal(types.at(-1), 'IEND');

  const lines = inflateSync(Buffer.concat(data));
  const stride = 3 * width;
  assert.equal(lines.length, (stride + 1) * height);
  const rgb = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (stride + 1)]!;
    for (let i = 0; i < stride; i++) {
      const left = i < 3 ? 0 : rgb[y * stride + i - 3]!;
      const above = y === 0 ? 0 : rgb[(y - 1) * stride + i]!;
      const predicted = filter === 1 ? left : filter === 2 ? above : NaN;
      rgb[y * stride + i] = lines[y * (stride + 1) + 1 + i]! + predicted;
    }
  }
  return { width, height, rgb };
}

test('a picture comes back as it was, with both filters in use', { timeout }, () => {
  const [width, height] = [37, 23];
  // The upper half varies along the row, the lower half down the column: each suits another filter.
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, k) => {
    const [x, y] = [Math.floor(k / 3) % width, Math.floor(k / (3 * width))];
    return y < 12 ? (y * y * 31 + x) & 255 : (x * x * 37 + y + (k % 3) * 80) & 255;
  });
  const decoded = decodePng(encodePng(width, height, rgb));
  assert.deepEqual([decoded.width, decoded.height], [width, height]);
  assert.deepEqual(decoded.rgb, rgb);
});

test('a single pixel is a picture', { timeout }, () => {
  assert.deepEqual([...decodePng(encodePng(1, 1, Uint8Array.of(255, 0, 127))).rgb], [255, 0, 127]);
});

test('a wrong number of bytes is refused', { timeout }, () => {
  assert.throws(() => encodePng(2, 2, new Uint8Array(11)), {
    name: 'RangeError',
    message: /12 bytes, not 11/,
  });
  assert.throws(() => encodePng(0, 0, new Uint8Array(0)), RangeError);
});
