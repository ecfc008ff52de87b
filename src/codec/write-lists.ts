/** What has its length in front and nothing that refers to anything else: strings, numbers, bigints. */
import type { ByteWriter } from './byte-writer.ts';
import { BLOCK_CHARACTERS, TAG } from './format.ts';

/** An array of nothing but numbers with its tag, four or eight bytes each; writes nothing and returns false for another. */
export function writeNumbers(writer: ByteWriter, array: readonly number[]): boolean {
  const { length } = array;
  let integers = true;
  for (let i = 0; i < length; i++) {
    const value = array[i];
    if (typeof value !== 'number') return false;
    integers &&= (value | 0) === value && (value !== 0 || 1 / value > 0);
  }
  const width = integers ? 4 : 8;
  writer.byte(integers ? TAG.int32Array : TAG.doubleArray);
  writer.varint(length);
  writer.reserve(width * length);
  const { view } = writer;
  let at = writer.position;
  if (integers) for (let i = 0; i < length; i++, at += 4) view.setInt32(at, array[i]!, true);
  else for (let i = 0; i < length; i++, at += 8) view.setFloat64(at, array[i]!, true);
  writer.position = at;
  return true;
}

/** Strings in blocks: counts, lengths, then all characters of a block as one string. */
export function writeStrings(writer: ByteWriter, array: readonly string[]): void {
  const { length } = array;
  for (let from = 0; from < length;) {
    let characters = array[from]!.length;
    let to = from + 1;
    while (to < length && characters + array[to]!.length <= BLOCK_CHARACTERS)
      characters += array[to++]!.length;
    writer.varint(to - from);
    for (let i = from; i < to; i++) writer.varint(array[i]!.length);
    writer.string(to === from + 1 ? array[from]! : array.slice(from, to).join(''));
    from = to;
  }
}

/** A bigint with its tag. */
export function writeBigint(writer: ByteWriter, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    writer.reserve(9);
    writer.byte(TAG.bigint64);
    writer.view.setBigInt64(writer.position, value, true);
    writer.position += 8;
    return;
  }
  writer.byte(TAG.bigint);
  writer.byte(value < 0n ? 1 : 0);
  const digits = (value < 0n ? -value : value).toString(16);
  writer.varint(digits.length);
  writer.reserve(digits.length);
  writer.position += writer.bytes.write(digits, writer.position, 'latin1');
}
