/** What has its length in front and nothing that refers to anything else: strings, numbers, bigints. */
import type { ByteReader } from './byte-reader.ts';
import { TAG } from './format.ts';

/** `count` strings in blocks, as `writeStrings` writes them, at the end of `into`. */
export function readStrings(reader: ByteReader, count: number, into: string[]): string[] {
  while (into.length < count) {
    const size = reader.varint();
    if (size === 0 || size > count - into.length) throw reader.fail('count', `a block of ${size} strings`);
    const first = reader.position;
    let total = 0;
    for (let i = 0; i < size; i++) total += reader.varint();
    const text = reader.string();
    if (text.length !== total) throw reader.fail('count', 'strings are not as long as they say');
    const behind = reader.position;
    reader.position = first;
    let at = 0;
    for (let i = 0; i < size; i++) into.push(text.slice(at, (at += reader.varint())));
    reader.position = behind;
  }
  return into;
}

/** The numbers behind `tag`, at the end of `array`. */
export function readNumbers(reader: ByteReader, array: unknown[], tag: number): unknown[] {
  const width = tag === TAG.int32Array ? 4 : 8;
  const length = reader.count(width);
  let at = reader.take(width * length);
  const { view } = reader;
  if (tag === TAG.int32Array) for (let i = 0; i < length; i++, at += 4) array.push(view.getInt32(at, true));
  else for (let i = 0; i < length; i++, at += 8) array.push(view.getFloat64(at, true));
  return array;
}

/** A bigint of any size. */
export function readBigint(reader: ByteReader): bigint {
  const sign = reader.byte();
  if (sign > 1) throw reader.fail('value', 'the sign of a bigint is 0 or 1');
  const length = reader.count(1);
  const at = reader.take(length);
  const digits = reader.text('latin1', at);
  if (!/^[\da-f]+$/.test(digits)) throw reader.fail('value', 'the digits of a bigint are not of base 16');
  const magnitude = reader.made('a bigint', () => BigInt(`0x${digits}`));
  return sign === 1 ? -magnitude : magnitude;
}
