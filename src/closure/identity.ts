/**
 * Who is who across threads: ids of functions and symbols, origins of imported values, copies of classes.
 *
 * An id is given once, by the realm (thread) where the function was made, and goes wherever it goes. `originals` leads
 * back: it holds weakly, but the last {@link KEPT} functions sent are held strongly, so that what comes back soon after
 * its last other user is gone still finds its original.
 */
import { threadId } from 'node:worker_threads';
import type { ImportReference } from './wire.ts';

const KEPT = 1024;
/** Classes rebuilt from elsewhere that this realm keeps for later messages. */
const CLASS_COPIES = 512;

/** Name of this realm in ids; unique among processes for all that matters. */
export const realm = `${process.pid.toString(36)}.${threadId.toString(36)}.${Math.random().toString(36).slice(2, 10)}`;

let counter = 0;
const ids = new WeakMap<object, string>();
const symbolIds = new Map<symbol, string>();
const originals = new Map<string, WeakRef<object>>();
const kept: object[] = [];
const cleanup = new FinalizationRegistry<string>((id) => {
  if (originals.get(id)?.deref() === undefined) originals.delete(id);
});
const copies = new Map<string, { print: string; fn: object }>();
const symbols = new Map<string, symbol>();
const imports = new WeakMap<object, ImportReference>();
const imported = new Map<string, WeakRef<object>>();

/** A number never given before in this realm. */
export function nextNumber(): number {
  return ++counter;
}

/** The id of a function, given on first use. */
export function idOf(fn: object): string {
  let id = ids.get(fn);
  if (id === undefined) {
    id = `${realm}.${nextNumber()}`;
    remember(fn, id);
  }
  return id;
}

/** The id of a function that was made in another realm, if it was. */
export function foreignId(fn: object): string | undefined {
  const id = ids.get(fn);
  return id === undefined || id.startsWith(`${realm}.`) ? undefined : id;
}

/** Ties a function to an id. */
export function remember(fn: object, id: string): void {
  ids.set(fn, id);
  originals.set(id, new WeakRef(fn));
  cleanup.register(fn, id);
  if (!id.startsWith(`${realm}.`)) return;
  kept.push(fn);
  if (kept.length > KEPT) kept.splice(0, KEPT / 2);
}

/** The function of an id, while it lives in this realm. */
export function recall(id: string): object | undefined {
  return originals.get(id)?.deref();
}

/** True when the id was given by this realm. */
export function isOwn(id: string): boolean {
  return id.startsWith(`${realm}.`);
}

/** The copy of a class received before, if it is still what the sender has. */
export function classCopy(id: string, print: string): object | undefined {
  const copy = copies.get(id);
  return copy?.print === print ? copy.fn : undefined;
}

/** Keeps the copy of a class for later messages. */
export function keepClassCopy(id: string, print: string, fn: object): void {
  copies.delete(id);
  copies.set(id, { print, fn });
  if (copies.size > CLASS_COPIES) copies.delete(copies.keys().next().value!);
}

/** The id of a symbol outside the global registry. */
export function symbolId(symbol: symbol): string {
  let id = symbolIds.get(symbol);
  if (id === undefined) {
    id = `${realm}.${nextNumber()}`;
    symbolIds.set(symbol, id);
    symbols.set(id, symbol);
  }
  return id;
}

/** The symbol of an id, made on first use. */
export function symbolOf(id: string, description: string | undefined): symbol {
  let symbol = symbols.get(id);
  if (symbol === undefined) {
    symbol = Symbol(description);
    symbols.set(id, symbol);
    symbolIds.set(symbol, id);
  }
  return symbol;
}

/** Notes that a value is what an import gives, so that it travels as that import from now on. */
export function noteImport(value: unknown, reference: ImportReference): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
  // What was made in another realm stays what it is there.
  if (ids.has(value) && foreignId(value) !== undefined) return;
  if (!imports.has(value)) imports.set(value, reference);
  imported.set(importKey(reference), new WeakRef(value));
}

/** The import through which a value can be had, if one is known. */
export function importOf(value: object): ImportReference | undefined {
  return imports.get(value);
}

/** The value of an import met before, while it lives. */
export function importedValue(reference: ImportReference): object | undefined {
  return imported.get(importKey(reference))?.deref();
}

function importKey(reference: ImportReference): string {
  return `${reference.specifier}\n${reference.base}\n${reference.name}`;
}

/** Notes the functions and classes that a module exports, so that they travel as imports. */
export function noteExports(namespace: object, { specifier, base }: Omit<ImportReference, 'name'>): void {
  for (const name of Object.keys(namespace)) {
    const value = readExport(namespace, name);
    if (typeof value === 'function') noteImport(value, { specifier, base, name });
  }
}

/** An export whose declaration has not run yet cannot be read. */
function readExport(namespace: object, name: string): unknown {
  try {
    return (namespace as Record<string, unknown>)[name];
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}
