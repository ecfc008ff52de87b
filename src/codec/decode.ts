/** Frames into values. */
import { ByteReader } from './byte-reader.ts';
import { MemoryDecoder, UNBORN } from './decode-memory.ts';
import type { DecodeOptions } from './decode-options.ts';
import { BOXED, ERROR, ERROR_NAMES, LATER, MAX_DECODED_NESTING, SMALL_INT, TAG } from './format.ts';
import { readHeader } from './header.ts';
import { hide, withoutStack } from './standard-error.ts';
import { readBigint, readNumbers, readStrings } from './read-lists.ts';
import {
  isFarIndex,
  isIndexOrLength,
  makeDictionary,
  makeSparse,
  put,
  readShape,
  type Shape,
} from './shape.ts';

/**
 * The value of a frame and the buffers beside it.
 *
 * `buffers` are taken over: one that is all of its ArrayBuffer becomes memory of the value, others are copied. The frame
 * is only read.
 *
 * Any bytes are safe to give: at worst they allocate some hundred times their length. A value that comes out of altered
 * bytes is some other value: whoever cannot trust the channel must authenticate it.
 *
 * @throws FrameError when the bytes are no frame of this version, or the buffers are not those of the frame. What
 *   `resolve` and `revive` throw passes through
 */
export function decode(
  frame: Uint8Array,
  buffers: readonly Uint8Array[] = [],
  options: DecodeOptions = {},
): unknown {
  return new Decoder(frame, buffers, options).run();
}

class Decoder {
  readonly #reader: ByteReader;
  readonly #buffers: readonly Uint8Array[];
  readonly #options: DecodeOptions;
  readonly #objects: unknown[] = [];
  readonly #shapes: Shape[] = [];
  #nesting = 0;
  #memory: MemoryDecoder | undefined;
  #later: (() => void)[] | undefined;

  constructor(frame: Uint8Array, buffers: readonly Uint8Array[], options: DecodeOptions) {
    this.#reader = new ByteReader(frame);
    this.#buffers = buffers;
    this.#options = options;
  }

  run(): unknown {
    const reader = this.#reader;
    readHeader(reader, this.#buffers.length);
    const value = this.#value();
    if (this.#later !== undefined) for (let i = 0; i < this.#later.length; i++) this.#later[i]!();
    if (reader.position !== reader.end)
      throw reader.fail('trailing', `${reader.end - reader.position} bytes follow the value`);
    const used = this.#memory?.used ?? 0;
    if (used !== this.#buffers.length)
      throw reader.fail('buffers', `it has ${this.#buffers.length} buffers and uses ${used}`);
    return value;
  }

  #value(): unknown {
    const tag = this.#reader.byte();
    if (tag >= SMALL_INT) return tag - SMALL_INT;
    return this.#tagged(tag);
  }

  #tagged(tag: number): unknown {
    const reader = this.#reader;
    switch (tag) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.true:
        return true;
      case TAG.false:
        return false;
      case TAG.int: {
        const zigzag = reader.varint();
        if (zigzag > 0xffff_ffff) throw reader.fail('value', 'an integer has more than 32 bits');
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case TAG.double:
        return reader.double();
      case TAG.bigint64:
        return reader.view.getBigInt64(reader.take(8), true);
      case TAG.bigint:
        return readBigint(reader);
      case TAG.reference:
        return this.#reference();
      case TAG.shape:
      case TAG.record:
      case TAG.dictionary:
        return this.#nested(tag, undefined);
      case TAG.array:
      case TAG.int32Array:
      case TAG.doubleArray:
      case TAG.sparseArray:
      case TAG.namedArray:
      case TAG.stringArray:
      case TAG.map:
      case TAG.set:
        return this.#nested(tag, this.#born(this.#empty(tag)));
      case TAG.later:
        return this.#defer();
      case TAG.date:
        return this.#born(new Date(reader.double()));
      case TAG.regexp:
        return this.#regexp();
      case TAG.boxed:
        return this.#boxed();
      case TAG.error:
        return this.#error();
      case TAG.bytes:
        return this.#memoryOf().bytes();
      case TAG.resizable:
        return this.#memoryOf().resizable();
      case TAG.buffer:
        return this.#memoryOf().buffer();
      case TAG.view:
        return this.#memoryOf().view();
      case TAG.replaced:
        return this.#replaced();
      default: {
        const text = reader.stringOf(tag);
        if (text === undefined) throw reader.fail('tag', `0x${tag.toString(16)} is no tag that can be here`);
        return text;
      }
    }
  }

  #born<T>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  #enter(): void {
    if (++this.#nesting > MAX_DECODED_NESTING)
      throw this.#reader.fail('depth', `it is nested deeper than ${MAX_DECODED_NESTING}`);
  }

  #reference(): unknown {
    const reader = this.#reader;
    const id = reader.varint();
    if (id >= this.#objects.length) throw reader.fail('reference', `object ${id} does not come before it`);
    const object = this.#objects[id];
    if (object === UNBORN) throw reader.fail('reference', `object ${id} contains itself`);
    return object;
  }

  #empty(tag: number): object {
    return tag === TAG.map ? new Map() : tag === TAG.set ? new Set() : [];
  }

  /** A container whose tag was read, into `target` where that exists already. */
  #nested(tag: number, target: object | undefined): object {
    this.#enter();
    const object = this.#content(tag, target);
    this.#nesting--;
    return object;
  }

  #content(tag: number, target: object | undefined): object {
    const reader = this.#reader;
    switch (tag) {
      case TAG.shape: {
        const shape = readShape(reader);
        this.#shapes.push(shape);
        return this.#record(shape, target);
      }
      case TAG.record: {
        const shape = this.#shapes[reader.varint()];
        if (shape === undefined) throw reader.fail('reference', 'its shape is not defined');
        return this.#record(shape, target);
      }
      case TAG.dictionary: {
        const object = target ?? this.#born(makeDictionary());
        this.#pairs(object as Record<string, unknown>);
        return object;
      }
      case TAG.array:
        return this.#elements(target as unknown[]);
      case TAG.int32Array:
      case TAG.doubleArray:
        return readNumbers(reader, target as unknown[], tag);
      case TAG.sparseArray:
        return this.#sparse(target as unknown[]);
      case TAG.stringArray:
        return readStrings(reader, reader.count(1), target as string[]);
      case TAG.namedArray: {
        const inner = reader.byte();
        if (kindOf(inner) !== LATER.array || inner === TAG.namedArray)
          throw reader.fail('tag', 'named properties do not belong to an array');
        this.#content(inner, target);
        this.#pairs(target as Record<string, unknown>);
        return target!;
      }
      case TAG.map:
        return this.#map(target as Map<unknown, unknown>);
      default:
        return this.#set(target as Set<unknown>);
    }
  }

  #record(shape: Shape, target: object | undefined): object {
    const object = (target ?? this.#born({})) as Record<string, unknown>;
    const { keys } = shape;
    if (shape.wide) makeSparse(object);
    for (let i = 0; i < keys.length; i++) put(object, keys[i]!, this.#value());
    return object;
  }

  #pairs(object: Record<string, unknown>): void {
    const reader = this.#reader;
    const count = reader.count(2);
    const isArray = Array.isArray(object);
    const keys = readStrings(reader, count, []);
    if (!isArray && keys.some((key) => isFarIndex(key, count))) makeSparse(object);
    for (let i = 0; i < count; i++) {
      const key = keys[i]!;
      if (isArray && isIndexOrLength(key)) throw reader.fail('value', 'an element is no named property');
      put(object, key, this.#value());
    }
  }

  #elements(array: unknown[]): unknown[] {
    const reader = this.#reader;
    const length = reader.count(1);
    const { bytes, end } = reader;
    for (let i = 0; i < length; i++) {
      if (reader.position < end && bytes[reader.position] === TAG.hole) {
        reader.position++;
        array.length = i + 1;
      } else array.push(this.#value());
    }
    return array;
  }

  #sparse(array: unknown[]): unknown[] {
    const reader = this.#reader;
    const length = reader.varint();
    if (length > 0xffff_ffff) throw reader.fail('count', `no array has a length of ${length}`);
    const count = reader.count(2);
    makeSparse(array);
    array.length = length;
    for (let i = 0; i < count; i++) {
      const index = reader.varint();
      if (index >= length) throw reader.fail('reference', `element ${index} of ${length}`);
      array[index] = this.#value();
    }
    return array;
  }

  #map(map: Map<unknown, unknown>): Map<unknown, unknown> {
    const count = this.#reader.count(2);
    for (let i = 0; i < count; i++) {
      const key = this.#value();
      map.set(key, this.#value());
    }
    return map;
  }

  #set(set: Set<unknown>): Set<unknown> {
    const count = this.#reader.count(1);
    for (let i = 0; i < count; i++) set.add(this.#value());
    return set;
  }

  #defer(): object {
    const reader = this.#reader;
    const kind = reader.byte();
    if (kind > LATER.set) throw reader.fail('tag', `${kind} is no kind of object`);
    const target = this.#born(
      kind === LATER.object ? {} : kind === LATER.array ? [] : kind === LATER.map ? new Map() : new Set(),
    );
    (this.#later ??= []).push(() => {
      this.#nesting = 0;
      const tag = reader.byte();
      if (kindOf(tag) !== kind) throw reader.fail('tag', 'what comes later is of another kind');
      this.#nested(tag, target);
    });
    return target;
  }

  #regexp(): RegExp {
    const source = this.#reader.string();
    const flags = this.#reader.string();
    return this.#born(this.#reader.made('RegExp', () => new RegExp(source, flags)));
  }

  #boxed(): object {
    const reader = this.#reader;
    const kind = reader.byte();
    this.#objects.push(UNBORN);
    const id = this.#objects.length - 1;
    const tag = reader.byte();
    const primitive =
      tag >= SMALL_INT ? tag - SMALL_INT : tag === TAG.reference ? undefined : this.#primitive(tag);
    const expected = Object.keys(BOXED)[kind];
    if (typeof primitive !== expected) throw reader.fail('value', 'a boxed primitive is of another type');
    return (this.#objects[id] = Object(primitive) as object);
  }

  #primitive(tag: number): unknown {
    if (tag > TAG.utf16 && (tag < 0x40 || tag >= SMALL_INT)) return undefined;
    return this.#tagged(tag);
  }

  #error(): Error {
    const reader = this.#reader;
    const name = ERROR_NAMES[reader.byte()];
    if (name === undefined) throw reader.fail('tag', 'no kind of error has this number');
    const flags = reader.byte();
    if (flags >= 16 || (flags & 12) === 12)
      throw reader.fail('tag', `flags ${flags} of an error mean nothing`);
    const error = this.#born(withoutStack(name));
    if (flags & ERROR.message) hide(error, 'message', reader.string());
    hide(error, 'stack', flags & ERROR.stack ? reader.string() : `${name}: ${error.message}`);
    if (flags & ERROR.cause) {
      this.#enter();
      hide(error, 'cause', this.#value());
      this.#nesting--;
    } else if (flags & ERROR.causeLater) {
      hide(error, 'cause', undefined);
      (this.#later ??= []).push(() => {
        this.#nesting = 0;
        hide(error, 'cause', this.#value());
      });
    }
    return error;
  }

  #memoryOf(): MemoryDecoder {
    if (this.#memory !== undefined) return this.#memory;
    const host = {
      reader: this.#reader,
      objects: this.#objects,
      inner: () => {
        this.#enter();
        const value = this.#value();
        this.#nesting--;
        return value;
      },
      tagged: (tag: number) => this.#tagged(tag),
    };
    return (this.#memory = new MemoryDecoder(host, this.#buffers, this.#options));
  }

  #replaced(): unknown {
    const { revive } = this.#options;
    const reader = this.#reader;
    if (revive === undefined)
      throw reader.fail('handle', 'it holds functions or instances, which this receiver does not know');
    const id = this.#objects.push(UNBORN) - 1;
    this.#enter();
    const standsFor = this.#value();
    this.#nesting--;
    return (this.#objects[id] = revive(standsFor));
  }
}

/** The kind of {@link LATER} whose content `tag` begins. */
function kindOf(tag: number): number {
  if (tag >= TAG.shape && tag <= TAG.dictionary) return LATER.object;
  if ((tag >= TAG.array && tag <= TAG.namedArray) || tag === TAG.stringArray) return LATER.array;
  return tag === TAG.map ? LATER.map : tag === TAG.set ? LATER.set : -1;
}
