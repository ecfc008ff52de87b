/**
 * The one piece of global state: a table under `Symbol.for('tutti')` on `globalThis`.
 *
 * It outlives a second copy of the package in the same thread (two versions in one dependency tree, ESM hot
 * reload): both find the same table. An entry's key holds its name and the version of its layout, so copies that
 * agree on a layout share the entry, and copies that do not leave each other's alone.
 */

const KEY = Symbol.for('tutti');

/** One entry of the registry. */
export interface RegistrySlot<T> {
  get(): T | undefined;
  set(value: T | undefined): void;
  /** The value; made by `create` the first time. */
  take(create: () => T): T;
}

/**
 * The entry `name` whose value has layout version `layout`; raise the version whenever the value's shape or meaning
 * changes. Cheap: the table is looked up at each access, nothing is created before the first write.
 */
export function registrySlot<T>(name: string, layout: number): RegistrySlot<T> {
  const key = `${name}@${layout}`;
  return {
    get: () => table()?.get(key) as T | undefined,
    set(value) {
      if (value === undefined) table()?.delete(key);
      else (table() ?? makeTable()).set(key, value);
    },
    take(create) {
      const found = table()?.get(key) as T | undefined;
      if (found !== undefined) return found;
      const value = create();
      (table() ?? makeTable()).set(key, value);
      return value;
    },
  };
}

type Table = Map<string, unknown>;

function table(): Table | undefined {
  return (globalThis as { [KEY]?: Table })[KEY];
}

function makeTable(): Table {
  const made: Table = new Map();
  Object.defineProperty(globalThis, KEY, {
    value: made,
    enumerable: false,
    configurable: true,
    writable: true,
  });
  return made;
}
