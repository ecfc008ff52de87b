/** Compiled factories of functions, by their code. */
import vm from 'node:vm';
import type { importerFor, metaFor } from './importer.ts';
import type { FunctionCode } from './wire.ts';

/** What one run of a factory gives. */
export interface Made {
  /** Makes the function; classes take what they extend and the names of their computed members. */
  readonly make: (base?: unknown, keys?: readonly unknown[]) => unknown;
  /** Sets the variables that had to wait; null when there are none. */
  readonly set: ((values: unknown[]) => void) | null;
  /** Setters of private static fields. */
  readonly late: ((value: unknown) => void)[] | undefined;
}

type Factory = (
  meta: unknown,
  load: unknown,
  pick: typeof pickMember,
  ...variables: readonly unknown[]
) => [Made['make'], Made['set'], Made['late']?];

/** For functions with `import.meta` or `import()`: those of their file. */
export interface ModuleAccess {
  readonly metaFor: typeof metaFor;
  readonly importerFor: typeof importerFor;
}

/** Factories kept; the least recently used go first. */
const KEPT = 1000;
const factories = new Map<string, Factory>();

/**
 * Runs the factory of a function with the values of its variables; those at the places `waiting` come later, by `set`.
 *
 * Only variables that wait have a setter: what nothing can assign, the engine treats as a constant of the optimised
 * function (a typed array's memory, a helper that is inlined), which makes short bodies two to three times faster.
 */
export function factoryOf(
  code: FunctionCode,
  values: readonly unknown[],
  waiting: readonly number[],
  scope?: SharedScope,
  modules?: ModuleAccess,
): Made {
  const text = factoryText(code, waiting);
  const key = `${code.file}:${code.line}:${code.column}\n${text}`;
  let factory = scope === undefined ? factories.get(key) : (scope.evaluate(placed(code, text)) as Factory);
  if (factory === undefined) {
    const script = new vm.Script(text, {
      filename: code.file,
      lineOffset: code.line,
      columnOffset: code.column,
    });
    factory = script.runInThisContext() as Factory;
    if (factories.size >= KEPT) factories.delete(factories.keys().next().value!);
    factories.set(key, factory);
  } else if (factories.delete(key)) factories.set(key, factory);
  const [make, set, late] = factory(
    code.module ? modules?.metaFor(code.file) : undefined,
    code.module ? modules?.importerFor(code.file) : undefined,
    pickMember,
    ...values,
  );
  return { make, set, late };
}

function factoryText({ text, variables, values, late }: FunctionCode, waiting: readonly number[]): string {
  const names = waiting.map((slot) => variables[slot]);
  const set = names.length > 0 ? `${values}=>{[${names.join()}]=${values}}` : 'null';
  return `${text},${set}${late === undefined ? '' : `,${late}`}]})`;
}

/** A scope whose variables several functions share. */
export interface SharedScope {
  /** Evaluates code inside the scope. */
  readonly evaluate: (text: string) => unknown;
  readonly set: (values: unknown[]) => void;
}

/** Makes a scope with the given variables inside another one. */
export function scopeOf(
  names: readonly string[],
  strict: boolean,
  outer: SharedScope | undefined,
): SharedScope {
  const mode = strict ? '"use strict";' : '';
  // The code evaluated inside sees this name: a letter that joins nothing keeps it apart from the program's.
  const own = '$\u200c';
  const list = names.join(',');
  const text = `(function(){${mode}let ${list};return[${own}=>eval(${own}),${own}=>{[${list}]=${own}}]})`;
  const make = (outer === undefined ? vm.runInThisContext(text) : outer.evaluate(text)) as () => [
    SharedScope['evaluate'],
    SharedScope['set'],
  ];
  const [evaluate, set] = make();
  return { evaluate, set };
}

/** Evaluated code has no offset options: blank lines put the function where it stands in its file. */
function placed({ line, file }: FunctionCode, text: string): string {
  return `${'\n'.repeat(line)}${text}\n//# sourceURL=${file}`;
}

/** The one method or accessor of an object, or of a class. */
function pickMember(holder: object): unknown {
  for (const from of typeof holder === 'function' ? [holder.prototype as object, holder] : [holder])
    for (const key of Reflect.ownKeys(from)) {
      if (
        typeof holder === 'function' &&
        ['constructor', 'length', 'name', 'prototype'].includes(String(key))
      )
        continue;
      const { value, get, set } = Object.getOwnPropertyDescriptor(from, key)!;
      return value ?? get ?? set;
    }
  return undefined;
}
