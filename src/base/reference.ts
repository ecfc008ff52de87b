/**
 * Tutti's own classes and functions travel by name: a receiver imports them instead of getting a copy of their text.
 *
 * Only what the package itself exports is listed here. It lies in the registry, so that the code that packs values, which is
 * on a higher floor and may be another copy of this package, finds what low floors have said.
 */
import { registrySlot } from './registry.ts';

/** Where a value is exported, as an `import` from `base` finds it. */
export interface OwnReference {
  readonly specifier: string;
  readonly base: string;
  readonly name: string;
}

interface References {
  readonly ofValue: WeakMap<object, OwnReference>;
  readonly byKey: Map<string, object>;
}

const references = registrySlot<References>('references', 1);

/**
 * Bundles hold copies of modules. What is in one says by its reference who it is, but is not what others get for that
 * reference: the module itself is, which the user's own imports lead to.
 */
const isBundled = !/\/base\/reference\.[jt]s$/.test(import.meta.url);

/**
 * Has `value` travel as the export `name` of one of the package's files, from now on; a class calls it in a static block.
 *
 * Instances then travel through the class's `[Symbol.for('tutti.serialize')]()` and
 * `static [Symbol.for('tutti.deserialize')](data)`, and arrive as instances of the class that the receiver's imports give.
 * Subclasses are not meant: they travel as any class does, and what they extend by reference.
 *
 * @param value the class or function
 * @param file the compiled file from the root of the build: `structures/counter.js`
 * @param name the name that the file exports it under
 */
export function byReference(value: object, file: string, name: string): void {
  // Sources and bundles alike lie in a folder of the build's root.
  const specifier = new URL(`../${file}`, import.meta.url).href;
  const reference: OwnReference = { specifier, base: specifier, name };
  const { ofValue, byKey } = references.take(() => ({ ofValue: new WeakMap(), byKey: new Map() }));
  ofValue.set(value, reference);
  if (!isBundled) byKey.set(keyOf(reference), value);
}

/** The reference of a value that was given one. */
export function referenceOf(value: object): OwnReference | undefined {
  return references.get()?.ofValue.get(value);
}

/** The value of a reference, once this thread has loaded the file that exports it. */
export function referredValue(reference: OwnReference): object | undefined {
  return references.get()?.byKey.get(keyOf(reference));
}

function keyOf({ specifier, name }: OwnReference): string {
  return `${specifier}\n${name}`;
}
