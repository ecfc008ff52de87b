/** What never changes about a function: its text, its place, its analysis. Read once per function object. */
import { isNative } from './intrinsics.ts';
import { introspect, withInspector, type Introspection } from './inspector.ts';
import { positionText, startOf, type Start } from './position.ts';
import { scriptOf, type Script } from './script.ts';
import { readSource, type Source } from './source.ts';
import type { FunctionCode } from './wire.ts';

/** The constant part of a function's capture. */
export interface FunctionRecord {
  readonly source: Source;
  /** Known once the inspector was asked. */
  script: Script | undefined;
  start: Start;
  /** Free names that no scope holds, found by the first look: the function needs no second one if all are such. */
  globalsOnly: boolean;
  /** Factories by the variables that they declare. */
  readonly codes: Map<string, FunctionCode>;
}

const records = new WeakMap<object, FunctionRecord>();
const sources = new Map<string, Source | null>();
/** Analyses kept by text. */
const SOURCES = 2000;

/** The record of a function written in JavaScript; undefined for native and bound ones, null for text that does not parse. */
export function recordOf(fn: object): FunctionRecord | null | undefined {
  const known = records.get(fn);
  if (known !== undefined) return known;
  const text = Function.prototype.toString.call(fn);
  if (isNative(fn)) return undefined;
  const sloppy = isSloppy(fn, text);
  const key = `${sloppy ? 's' : 'm'}${text}`;
  let source = sources.get(key);
  if (source === undefined) {
    source = readSource(text, sloppy) ?? null;
    sources.set(key, source);
    if (sources.size > SOURCES) sources.delete(sources.keys().next().value!);
  }
  if (source === null) return null;
  const record: FunctionRecord = {
    source,
    script: undefined,
    start: { line: 0, column: 0 },
    globalsOnly: source.names.size === 0 && source.ownName === undefined,
    codes: new Map(),
  };
  records.set(fn, record);
  return record;
}

/** Asks the inspector; fills in the record's script and start. */
export function look(fn: object, record: FunctionRecord): Introspection {
  return withInspector(() => {
    const seen = introspect(fn);
    if (record.script === undefined && seen.location !== undefined) {
      const { scriptId, line, column } = seen.location;
      record.script = scriptOf(scriptId);
      record.start = startOf(record.script, line, column, record.source.text);
    }
    return seen;
  });
}

/** `file:line:column` of an offset in the function's text, asking the inspector if nobody did. */
export function positionIn(fn: object, record: FunctionRecord, offset: number): string | undefined {
  if (record.script === undefined) look(fn, record);
  return record.script && positionText(record.script, record.start, record.source.text, offset);
}

const NONE: ReadonlyMap<string, string> = new Map();

const texts = new WeakMap<FunctionCode, string>();

/** The text of the function that a code makes; unknown for codes that are copies. */
export function textOf(code: FunctionCode): string | undefined {
  return texts.get(code);
}

/**
 * The code that makes the function again, with the given names as its variables; its own name is one if it is `freed`.
 * `live` ones are imported variables, by the names under which their modules export them.
 */
export function codeOf(
  record: FunctionRecord,
  variables: readonly string[],
  name: string,
  freed = false,
  live: ReadonlyMap<string, string> = NONE,
): FunctionCode {
  const key = `${freed ? '=' : ''}${variables.join()}${live.size > 0 ? JSON.stringify([...live]) : ''}`;
  let code = record.codes.get(key);
  if (code === undefined) {
    const { source, script, start } = record;
    const strict =
      !source.sloppy &&
      (script === undefined || script.strict || source.kind !== 'function' || isStrict(source.text));
    const made = source.factory(variables, strict, freed, live);
    code = {
      text: made.text,
      variables: [...variables],
      values: made.values,
      late: made.late,
      file: script === undefined ? `tutti:${name}` : script.base,
      line: start.line,
      column: start.column - made.offset,
      module: source.uses.metas.length > 0 || source.uses.imports.length > 0,
      kind: source.kind,
    };
    record.codes.set(key, code);
    texts.set(code, source.text);
  }
  return code;
}

/**
 * A plain `function` outside strict mode lets its `caller` be read, from a property of its own or, in newer engines, through
 * an accessor that all functions inherit; for every other function that throws.
 */
function isSloppy(fn: object, text: string): boolean {
  if (Object.hasOwn(fn, 'caller')) return Object.hasOwn(fn, 'arguments');
  if (!/^function\b(?!\s*\*)/.test(text)) return false;
  try {
    Reflect.get(Function.prototype, 'caller', fn);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** A plain `function` without `caller` is strict, whatever its script is; the text of others may say so. */
function isStrict(text: string): boolean {
  return /^function\b(?!\s*\*)|['"]use strict['"]/.test(text);
}
