/**
 * Small calls and their results, written into the record of a slot instead of a message.
 *
 * A value of up to {@link payloadCells} cells is kept as it is: numbers, booleans, null, undefined, short strings. All else
 * travels by message.
 */
import { argumentList, type Arguments } from './arguments.ts';
import { cell, payloadCells, recordOf, word } from './layout.ts';
import type { Board } from './board.ts';

const Kind = { undefined: 0, null: 1, false: 2, true: 3, number: 4, string: 5 } as const;

const pairOfNumbers = Kind.number | (Kind.number << 4);

/** Bytes of a string, its length included. */
const longest = payloadCells * 8 - 1;

/** What an end in the ring says: the call has a value, or it had been taken back before it started. */
export const End = { value: 1, skipped: 2 } as const;

/** What a call in the ring needs beside its function and arguments. */
export interface CallTask {
  readonly taskId: number;
  readonly seed: number;
  readonly timeoutMs: number | undefined;
}

const timedFlag = 16;
const elsewhereFlag = 32;
const aloneFlag = 64;

/** One side's view of the records of a board. */
export class Records {
  readonly #words: Int32Array;
  readonly #cells: Float64Array;
  readonly #bytes: Uint8Array;

  constructor(board: Board) {
    this.#words = board.words;
    this.#cells = board.cells;
    this.#bytes = new Uint8Array(board.buffer);
  }

  /** Writes a call of the function `fn`, before which `order` messages come; false when its arguments do not fit. */
  writeArguments(slot: number, args: Arguments, fn: number, order: number, task: CallTask): boolean {
    const at = recordOf(slot);
    let count = 1;
    if (typeof args === 'number') {
      this.#cells[(at >> 1) + cell.payload] = args;
      this.#words[at + word.kinds] = Kind.number;
    } else {
      const list = argumentList(args);
      if (!this.#writeList(at, list)) return false;
      count = list.length;
    }
    this.#writeHeader(at, count, fn, order, task);
    return true;
  }

  #writeList(at: number, args: readonly unknown[]): boolean {
    const { length } = args;
    if (length > payloadCells) return false;
    let kinds = 0;
    let next = 0;
    for (let i = 0; i < length; i++) {
      const value = args[i];
      if (typeof value === 'number' && next < payloadCells) {
        this.#cells[(at >> 1) + cell.payload + next++] = value;
        kinds |= Kind.number << (4 * i);
        continue;
      }
      const kind = this.#kindOf(value);
      if (kind < 0) return false;
      kinds |= kind << (4 * i);
      if (kind < Kind.number) continue;
      next = this.#writeString(at, next, value as string);
      if (next < 0) return false;
    }
    this.#words[at + word.kinds] = kinds;
    return true;
  }

  /** Writes a call whose arguments travel by message. */
  writeCallElsewhere(slot: number, fn: number, order: number, task: CallTask): void {
    this.#writeHeader(recordOf(slot), elsewhereFlag, fn, order, task);
  }

  #writeHeader(at: number, shape: number, fn: number, order: number, task: CallTask): void {
    const words = this.#words;
    words[at + word.shape] = task.timeoutMs === undefined ? shape : shape | timedFlag;
    words[at + word.what] = fn;
    words[at + word.order] = order;
    words[at + word.seed] = task.seed;
    this.#cells[(at >> 1) + cell.taskId] = task.taskId;
  }

  /** Writes the end of a call that has a value; false when the value does not fit. */
  writeValue(slot: number, value: unknown, computeMs: number): boolean {
    const at = recordOf(slot);
    let kind: number;
    if (typeof value === 'number') {
      this.#cells[(at >> 1) + cell.payload] = value;
      kind = Kind.number;
    } else {
      kind = this.#kindOf(value);
      if (kind < 0) return false;
      if (kind === Kind.string && this.#writeString(at, 0, value as string) < 0) return false;
    }
    this.#words[at + word.kinds] = kind;
    this.#words[at + word.what] = End.value;
    this.#cells[(at >> 1) + cell.computeMs] = computeMs;
    return true;
  }

  writeSkipped(slot: number): void {
    this.#words[recordOf(slot) + word.what] = End.skipped;
  }

  /** Messages that come before the record. */
  setOrder(slot: number, order: number): void {
    this.#words[recordOf(slot) + word.order] = order;
  }

  order(slot: number): number {
    return this.#words[recordOf(slot) + word.order] as number;
  }

  /** Id of the function of a call; what kind of end it is. */
  what(slot: number): number {
    return this.#words[recordOf(slot) + word.what] as number;
  }

  argumentCount(slot: number): number {
    return (this.#words[recordOf(slot) + word.shape] as number) & (timedFlag - 1);
  }

  /** Its arguments come by message. */
  elsewhere(slot: number): boolean {
    return ((this.#words[recordOf(slot) + word.shape] as number) & elsewhereFlag) !== 0;
  }

  /** Says of a call that it is under way alone, and that its worker has a core to itself. */
  markAlone(slot: number): void {
    const at = recordOf(slot) + word.shape;
    this.#words[at] = (this.#words[at] as number) | aloneFlag;
  }

  alone(slot: number): boolean {
    return ((this.#words[recordOf(slot) + word.shape] as number) & aloneFlag) !== 0;
  }

  timed(slot: number): boolean {
    return ((this.#words[recordOf(slot) + word.shape] as number) & timedFlag) !== 0;
  }

  taskId(slot: number): number {
    return this.#cells[(recordOf(slot) >> 1) + cell.taskId] as number;
  }

  seed(slot: number): number {
    return (this.#words[recordOf(slot) + word.seed] as number) >>> 0;
  }

  computeMs(slot: number): number {
    return this.#cells[(recordOf(slot) >> 1) + cell.computeMs] as number;
  }

  /** The first value. */
  value(slot: number): unknown {
    const at = recordOf(slot);
    const kind = (this.#words[at + word.kinds] as number) & 15;
    if (kind === Kind.number) return asWritten(this.#cells[(at >> 1) + cell.payload] as number);
    if (kind === Kind.string) return this.#readString(at, 0);
    return simple(kind);
  }

  /** The call has two arguments, both numbers: {@link number} gives them. */
  isPair(slot: number): boolean {
    return this.argumentCount(slot) === 2 && this.#words[recordOf(slot) + word.kinds] === pairOfNumbers;
  }

  /** The number at a place among the values of a call, where all before it are numbers. */
  number(slot: number, k: number): number {
    return asWritten(this.#cells[(recordOf(slot) >> 1) + cell.payload + k] as number);
  }

  /** All values of a call. */
  args(slot: number): unknown[] {
    const at = recordOf(slot);
    const kinds = this.#words[at + word.kinds] as number;
    const args: unknown[] = [];
    let next = 0;
    for (let i = 0; i < this.argumentCount(slot); i++) {
      const kind = (kinds >>> (4 * i)) & 15;
      if (kind === Kind.number)
        args.push(asWritten(this.#cells[(at >> 1) + cell.payload + next++] as number));
      else if (kind === Kind.string) {
        args.push(this.#readString(at, next));
        next += cellsOf(this.#bytes[at * 4 + (cell.payload + next) * 8] as number);
      } else args.push(simple(kind));
    }
    return args;
  }

  /** −1 for what does not go into a record. */
  #kindOf(value: unknown): number {
    switch (typeof value) {
      case 'undefined':
        return Kind.undefined;
      case 'boolean':
        return value ? Kind.true : Kind.false;
      case 'string':
        return Kind.string;
      case 'object':
        return value === null ? Kind.null : -1;
      default:
        return -1;
    }
  }

  /** A byte for the length, a byte per character; returns the next free cell, or −1 when it does not fit. */
  #writeString(at: number, next: number, text: string): number {
    const { length } = text;
    const end = next + cellsOf(length);
    if (length > longest || end > payloadCells) return -1;
    const bytes = this.#bytes;
    let to = at * 4 + (cell.payload + next) * 8;
    bytes[to++] = length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 255) return -1;
      bytes[to++] = code;
    }
    return end;
  }

  #readString(at: number, next: number): string {
    const bytes = this.#bytes;
    const from = at * 4 + (cell.payload + next) * 8;
    const length = bytes[from] as number;
    let text = '';
    for (let i = 1; i <= length; i++) text += String.fromCharCode(bytes[from + i] as number);
    return text;
  }
}

/**
 * A number as the engine keeps it where it comes from: small integers apart from all others. Read from memory it is a double,
 * even 3, and a function that has seen doubles calculates with them from then on: its loops `i < n` take a twentieth longer.
 */
function asWritten(value: number): number {
  const integer = value | 0;
  return integer === value && (integer !== 0 || 1 / value > 0) ? integer : value;
}

function cellsOf(length: number): number {
  return (length + 8) >> 3;
}

function simple(kind: number): unknown {
  return kind === Kind.undefined ? undefined : kind === Kind.null ? null : kind === Kind.true;
}
