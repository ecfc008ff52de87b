/** Values into frames. */
import { CaptureError } from '../base/errors.ts';
import { show } from '../base/options.ts';
import { ByteWriter, keyListOf } from './byte-writer.ts';
import { MemoryEncoder } from './encode-memory.ts';
import type { Encoded, EncodeOptions } from './encode-options.ts';
import {
  BOXED,
  ERROR,
  ERROR_NAMES,
  HEADER_BYTES,
  LATER,
  MAGIC_0,
  MAGIC_1,
  MAX_NESTING,
  MAX_REPLACED_NESTING,
  MOSTLY_HOLES,
  OWN_FLAGS,
  SMALL_INT,
  SMALL_INT_MAX,
  TAG,
  VERSION,
} from './format.ts';
import { kindOf, namedKeys } from './kinds.ts';
import { pathTo } from './path-to.ts';
import { writeBigint, writeNumbers, writeStrings } from './write-lists.ts';

const NO_BUFFERS: readonly Uint8Array[] = [];
/** Up to so many objects are searched one by one before a table is made. */
const FEW = 12;
/** Fewer strings than this are written one by one. */
const FEW_STRINGS = 4;

let frames = 0;

/**
 * A value as one frame and the buffers beside it.
 *
 * Carries what structured clone carries (README.md lists the differences), with aliases and cycles, at any depth. Plain
 * objects, arrays, maps and sets are copied into the frame, and so are small buffers.
 *
 * @throws CaptureError naming the path of what cannot be encoded. Nothing is detached then.
 */
export function encode(value: unknown, options: EncodeOptions = {}): Encoded {
  return new Encoder(value, options).run();
}

class Encoder {
  readonly #writer = new ByteWriter();
  readonly #options: EncodeOptions;
  readonly #root: unknown;
  readonly #frame = frames++;
  #few: unknown[] = [];
  #many: Map<unknown, number> | undefined;
  #shapes = 0;
  #nesting = 0;
  /** Greater than zero within what `replace` gave. */
  #replaced = 0;
  #later: (() => void)[] | undefined;
  #memory: MemoryEncoder | undefined;

  constructor(root: unknown, options: EncodeOptions) {
    this.#root = root;
    this.#options = options;
  }

  run(): Encoded {
    const writer = this.#writer;
    try {
      writer.reserve(HEADER_BYTES);
      writer.position += HEADER_BYTES;
      this.#value(this.#root);
      if (this.#later !== undefined) for (let i = 0; i < this.#later.length; i++) this.#later[i]!();
      this.#memory?.detach();
    } catch (error) {
      writer.abandon();
      throw error;
    }
    const { bytes, start } = writer;
    const buffers = this.#memory?.buffers ?? NO_BUFFERS;
    bytes[start] = MAGIC_0;
    bytes[start + 1] = MAGIC_1;
    bytes[start + 2] = VERSION;
    bytes[start + 3] = OWN_FLAGS;
    writer.view.setUint32(start + 4, buffers.length, true);
    return { frame: writer.finish(), buffers };
  }

  #value(value: unknown): void {
    const writer = this.#writer;
    switch (typeof value) {
      case 'number': {
        const integer = value | 0;
        if (integer !== value || (integer === 0 && 1 / value < 0)) {
          writer.byte(TAG.double);
          writer.double(value);
        } else if (integer >= 0 && integer <= SMALL_INT_MAX) writer.byte(SMALL_INT + integer);
        else {
          writer.byte(TAG.int);
          writer.varint(((integer << 1) ^ (integer >> 31)) >>> 0);
        }
        return;
      }
      case 'string':
        return writer.string(value);
      case 'boolean':
        return writer.byte(value ? TAG.true : TAG.false);
      case 'undefined':
        return writer.byte(TAG.undefined);
      case 'bigint':
        return writeBigint(writer, value);
      case 'object':
        return value === null ? writer.byte(TAG.null) : this.#object(value);
      default:
        return this.#replace(value);
    }
  }

  /** Writes a reference if `value` was met before, else gives it the next number. */
  #met(value: unknown): boolean {
    let id: number | undefined;
    if (this.#many === undefined) {
      const few = this.#few;
      id = few.indexOf(value);
      if (id < 0) {
        if (few.push(value) > FEW) {
          this.#many = new Map();
          for (let i = 0; i < few.length; i++) this.#many.set(few[i], i);
        }
        return false;
      }
    } else {
      id = this.#many.get(value);
      if (id === undefined) {
        this.#many.set(value, this.#many.size);
        return false;
      }
    }
    this.#writer.byte(TAG.reference);
    this.#writer.varint(id);
    return true;
  }

  #object(value: object): void {
    if (this.#met(value)) return;
    const prototype = Object.getPrototypeOf(value) as unknown;
    // `Array.isArray` tells whether it is one: `Object.create(Array.prototype)` is none.
    if (prototype === Object.prototype) return this.#nested(LATER.object, value);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#nested(LATER.array, value);
    const kind = kindOf(value);
    switch (kind) {
      case 'object':
        return this.#nested(LATER.object, value);
      case 'array':
        return this.#nested(LATER.array, value);
      case 'map':
        return this.#nested(LATER.map, value);
      case 'set':
        return this.#nested(LATER.set, value);
      case 'date':
        this.#writer.byte(TAG.date);
        return this.#writer.double((value as Date).getTime());
      case 'regexp':
        this.#writer.byte(TAG.regexp);
        this.#writer.string((value as RegExp).source);
        return this.#writer.string((value as RegExp).flags);
      case 'boxed':
        return this.#boxed(value);
      case 'error':
        return this.#error(value as Error);
      case 'buffer':
        return this.#memoryOf().buffer(value as ArrayBufferLike);
      case 'view':
        return this.#memoryOf().view(value as ArrayBufferView);
      default:
        return this.#replacement(value);
    }
  }

  /** The content of a container, now or (where it is deep) behind everything else. */
  #nested(kind: number, value: object): void {
    if (this.#nesting >= MAX_NESTING) {
      if (this.#replaced === 0) {
        this.#writer.byte(TAG.later);
        this.#writer.byte(kind);
        (this.#later ??= []).push(() => {
          this.#nesting = 1;
          this.#content(kind, value);
          this.#nesting = 0;
        });
        return;
      }
      if (this.#nesting >= MAX_NESTING + MAX_REPLACED_NESTING) {
        throw this.#refusal(value, 'it is nested too deep in what stands for a function or an instance');
      }
    }
    this.#nesting++;
    this.#content(kind, value);
    this.#nesting--;
  }

  #content(kind: number, value: object): void {
    if (kind === LATER.object) this.#properties(value as Record<string, unknown>);
    else if (kind === LATER.array) this.#array(value as unknown[]);
    else if (kind === LATER.map) this.#map(value as Map<unknown, unknown>);
    else this.#set(value as Set<unknown>);
  }

  #properties(object: Record<string, unknown>): void {
    const writer = this.#writer;
    const keys = Object.keys(object);
    const list = keyListOf(keys, writer);
    if (list === undefined) {
      writer.byte(TAG.dictionary);
      this.#pairs(object, keys);
      return;
    }
    if (list.frame === this.#frame) {
      writer.byte(TAG.record);
      writer.varint(list.id);
    } else {
      list.frame = this.#frame;
      list.id = this.#shapes++;
      writer.byte(TAG.shape);
      writer.varint(list.definition.length);
      writer.raw(list.definition);
    }
    for (let i = 0; i < keys.length; i++) this.#value(object[keys[i]!]);
  }

  #pairs(object: Record<string, unknown>, keys: readonly string[]): void {
    const writer = this.#writer;
    writer.varint(keys.length);
    writeStrings(writer, keys);
    // One call for all of them is far faster than a look-up each. An array's elements are among them: those are looked up.
    const values = Array.isArray(object) ? [] : Object.values(object);
    const isComplete = values.length === keys.length;
    for (let i = 0; i < keys.length; i++) this.#value(isComplete ? values[i] : object[keys[i]!]);
  }

  #array(array: unknown[]): void {
    const writer = this.#writer;
    const { length } = array;
    const names = namedKeys(array);
    if (names.length > 0) writer.byte(TAG.namedArray);
    if (length > MOSTLY_HOLES) this.#sparse(array);
    else if (length < 2 || !this.#uniform(array)) {
      writer.byte(TAG.array);
      writer.varint(length);
      for (let i = 0; i < length; i++) {
        const value = array[i];
        if (value === undefined && !(i in array)) writer.byte(TAG.hole);
        else this.#value(value);
      }
    }
    if (names.length > 0) this.#pairs(array as unknown as Record<string, unknown>, names);
  }

  #sparse(array: readonly unknown[]): void {
    const writer = this.#writer;
    const indices = Object.keys(array).filter((key) => Number(key) >>> 0 < array.length && /^\d+$/.test(key));
    writer.byte(TAG.sparseArray);
    writer.varint(array.length);
    writer.varint(indices.length);
    for (const index of indices) {
      writer.varint(Number(index));
      this.#value(array[Number(index)]);
    }
  }

  /** An array of nothing but numbers or nothing but strings; false if it is something else. */
  #uniform(array: readonly unknown[]): boolean {
    const type = typeof array[0];
    if (type === 'number') return writeNumbers(this.#writer, array as number[]);
    if (type !== 'string' || array.length < FEW_STRINGS) return false;
    for (let i = 1; i < array.length; i++) if (typeof array[i] !== 'string') return false;
    this.#writer.byte(TAG.stringArray);
    this.#writer.varint(array.length);
    writeStrings(this.#writer, array as string[]);
    return true;
  }

  #map(map: Map<unknown, unknown>): void {
    // A snapshot: a getter among the values may change the map.
    const entries = [...Map.prototype.entries.call(map)] as [unknown, unknown][];
    this.#writer.byte(TAG.map);
    this.#writer.varint(entries.length);
    for (const [key, item] of entries) {
      this.#value(key);
      this.#value(item);
    }
  }

  #set(set: Set<unknown>): void {
    const items = [...Set.prototype.values.call(set)] as unknown[];
    this.#writer.byte(TAG.set);
    this.#writer.varint(items.length);
    for (const item of items) this.#value(item);
  }

  #boxed(value: object): void {
    const primitive: unknown = value.valueOf();
    this.#writer.byte(TAG.boxed);
    this.#writer.byte(BOXED[typeof primitive as keyof typeof BOXED]);
    this.#value(primitive);
  }

  #error(error: Error): void {
    const writer = this.#writer;
    const own = (key: string): PropertyDescriptor | undefined => Object.getOwnPropertyDescriptor(error, key);
    const message = own('message');
    const { stack, name } = error as { stack?: unknown; name: unknown };
    const hasCause = own('cause') !== undefined;
    const deep = this.#nesting >= MAX_NESTING && this.#replaced === 0;
    const text = message !== undefined && 'value' in message ? String(message.value) : undefined;
    writer.byte(TAG.error);
    writer.byte(Math.max(0, (ERROR_NAMES as readonly unknown[]).indexOf(name)));
    writer.byte(
      (text === undefined ? 0 : ERROR.message) |
        (typeof stack === 'string' ? ERROR.stack : 0) |
        (hasCause ? (deep ? ERROR.causeLater : ERROR.cause) : 0),
    );
    if (text !== undefined) writer.string(text);
    if (typeof stack === 'string') writer.string(stack);
    if (!hasCause) return;
    if (deep) (this.#later ??= []).push(() => this.#value(error.cause));
    else {
      if (this.#nesting >= MAX_NESTING + MAX_REPLACED_NESTING)
        throw this.#refusal(error, 'its causes are nested too deep');
      this.#nesting++;
      this.#value(error.cause);
      this.#nesting--;
    }
  }

  #memoryOf(): MemoryEncoder {
    return (this.#memory ??= new MemoryEncoder(this.#writer, this.#options, {
      met: (value) => this.#met(value),
      whole: (value) => {
        this.#replaced++;
        this.#value(value);
        this.#replaced--;
      },
      refusal: (value, why, cause) => this.#refusal(value, why, cause),
    }));
  }

  #replace(value: unknown): void {
    if (!this.#met(value)) this.#replacement(value);
  }

  #replacement(value: unknown): void {
    const standsFor = this.#options.replace?.(value);
    if (standsFor === undefined) throw this.#refusal(value, reasonFor(value));
    this.#writer.byte(TAG.replaced);
    if (this.#nesting >= MAX_NESTING + MAX_REPLACED_NESTING)
      throw this.#refusal(value, 'it is nested too deep');
    this.#replaced++;
    this.#nesting++;
    this.#value(standsFor);
    this.#nesting--;
    this.#replaced--;
  }

  #refusal(value: unknown, why: string, cause?: unknown): CaptureError {
    const path = pathTo(this.#options.subject ?? this.#root, value, this.#options.root ?? 'value');
    return new CaptureError(`cannot encode \`${path}\` (${show(value)}): ${why}`, { path, cause });
  }
}

/** What `move()` hands to a thread. */
const HANDLES = new Set<unknown>([
  ...['MessagePort', 'FileHandle', 'ReadableStream', 'WritableStream', 'TransformStream'],
]);

function reasonFor(value: unknown): string {
  if (typeof value === 'function')
    return 'functions are packed by the layer above, and nothing does that here';
  if (typeof value === 'symbol') return 'a symbol is one only where it was made';
  if (HANDLES.has((value as { constructor?: { name?: unknown } } | null | undefined)?.constructor?.name))
    return 'it cannot leave its process, not even by move(); use threads(), or send what it gives';
  return 'its class would be lost; make it plain data, or give it [serialize]() and static [deserialize](data)';
}
