/**
 * Who is who across threads: ids of functions and symbols, origins of imported values, copies of classes.
 *
 * An id is given once, by the realm (thread) where the function was made, and goes wherever it goes. `originals` leads
 * back. It holds weakly: a function keeps all the data around it alive. While a task is under way, what was sent for it is
 * held by {@link holdWith}, so that a reply finds it even where the program has let it go.
 */
import { threadId } from 'node:worker_threads';
import { referenceOf, referredValue } from '../base/reference.ts';
import { registrySlot } from '../base/registry.ts';
import type { ImportReference } from './wire.ts';

/** Classes rebuilt from elsewhere that this realm keeps for later messages, and those of them that reach much data. */
const CLASS_COPIES = 512;
const LARGE_COPIES = 2;

interface Original {
  readonly fn: WeakRef<object>;
  /** Fingerprint of a class when it was sent last. */
  print?: string;
}

interface ClassCopy {
  readonly print: string;
  readonly ref: WeakRef<object>;
  /** The copy itself, while it is held. */
  fn: object | undefined;
  readonly large: boolean;
}

interface Identities {
  /** Name of this realm in ids; unique among processes for all that matters. */
  readonly realm: string;
  counter: number;
  readonly ids: WeakMap<object, string>;
  readonly symbolIds: Map<symbol, string>;
  /** What came with a message, whoever made it first. */
  readonly arrived: WeakSet<object>;
  readonly originals: Map<string, Original>;
  readonly held: WeakMap<object, object[]>;
  readonly cleanup: FinalizationRegistry<string>;
  readonly copies: Map<string, ClassCopy>;
  readonly symbols: Map<string, symbol>;
  readonly imports: WeakMap<object, ImportReference>;
  readonly imported: Map<string, WeakRef<object>>;
}

/** One for all copies of this file in a thread: a worker starts with a copy in its bundle. */
const identities = registrySlot<Identities>('identities', 1).take(() => {
  const originals = new Map<string, Original>();
  return {
    realm: `${process.pid.toString(36)}.${threadId.toString(36)}.${Math.random().toString(36).slice(2, 10)}`,
    counter: 0,
    ids: new WeakMap(),
    symbolIds: new Map(),
    arrived: new WeakSet(),
    originals,
    held: new WeakMap(),
    cleanup: new FinalizationRegistry((id) => {
      if (originals.get(id)?.fn.deref() === undefined) originals.delete(id);
    }),
    copies: new Map(),
    symbols: new Map(),
    imports: new WeakMap(),
    imported: new Map(),
  };
});
const { ids, symbolIds, arrived, originals, held, cleanup, copies, symbols, imports, imported } = identities;
export const { realm } = identities;

/** A number never given before in this realm. */
export function nextNumber(): number {
  return ++identities.counter;
}

/** The id of a function, given on first use. */
export function idOf(fn: object): string {
  let id = ids.get(fn);
  if (id === undefined) {
    id = `${realm}.${nextNumber()}`;
    enter(fn, id);
  }
  return id;
}

/** The id of a function that came with a message, if it did. */
export function foreignId(fn: object): string | undefined {
  return arrived.has(fn) ? ids.get(fn) : undefined;
}

/** Ties a function that came with a message to its id. A copy of what was made here does not take its place. */
export function remember(fn: object, id: string): void {
  arrived.add(fn);
  if (isOwn(id)) ids.set(fn, id);
  else enter(fn, id);
}

function enter(fn: object, id: string): void {
  ids.set(fn, id);
  originals.set(id, { fn: new WeakRef(fn) });
  cleanup.register(fn, id);
}

/** The function of an id, while it lives in this realm. */
export function recall(id: string): object | undefined {
  return originals.get(id)?.fn.deref();
}

/** Notes the fingerprint under which a class leaves. */
export function notePrint(id: string, print: string): void {
  const original = originals.get(id);
  if (original !== undefined) original.print = print;
}

/** The class of an id if it left with this fingerprint: what comes back is no other than it. */
export function recallClass(id: string, print: string): object | undefined {
  const original = originals.get(id);
  return original?.print === print ? original.fn.deref() : undefined;
}

/** Keeps functions alive for as long as `holder` is: whatever stands for the task that they were sent for. */
export function holdWith(holder: object, fns: readonly object[]): void {
  if (fns.length === 0) return;
  const before = held.get(holder);
  if (before === undefined) held.set(holder, [...fns]);
  else before.push(...fns);
}

/** True when the id was given by this realm. */
export function isOwn(id: string): boolean {
  return id.startsWith(`${realm}.`);
}

/** The copy of a class received before, if it is still what the sender has. */
export function classCopy(id: string, print: string): object | undefined {
  const copy = copies.get(id);
  return copy?.print === print ? copy.ref.deref() : undefined;
}

/**
 * Keeps the copy of a class for later messages. One that reaches much data is let go when others like it come; until
 * nobody has an instance of it any more, it is still found.
 */
export function keepClassCopy(id: string, print: string, fn: object, large: boolean): void {
  copies.delete(id);
  copies.set(id, { print, ref: new WeakRef(fn), fn, large });
  if (large) {
    const held = [...copies.values()].filter((copy) => copy.large && copy.fn !== undefined);
    for (const copy of held.slice(0, -LARGE_COPIES)) copy.fn = undefined;
  }
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

/** The import through which a value can be had, if one is known: what Tutti itself says of its own comes first. */
export function importOf(value: object): ImportReference | undefined {
  return referenceOf(value) ?? imports.get(value);
}

/** The value of an import met before, while it lives. */
export function importedValue(reference: ImportReference): object | undefined {
  return referredValue(reference) ?? imported.get(importKey(reference))?.deref();
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
export function readExport(namespace: object, name: string): unknown {
  try {
    return (namespace as Record<string, unknown>)[name];
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}
