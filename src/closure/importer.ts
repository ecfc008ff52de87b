/** Imports as a given file would make them. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { importedValue, noteExports, noteImport } from './identity.ts';
import type { ImportReference } from './wire.ts';

type Importer = (specifier: string, options?: object) => Promise<object>;

const importers = new Map<string, Importer>();
const namespaces = new Map<string, object>();

/** `import()` as it works in the file `base`. */
export function importerFor(base: string): Importer {
  let importer = importers.get(base);
  if (importer === undefined) {
    const raw = new vm.Script('(specifier,options)=>import(specifier,options)', {
      filename: base,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }).runInThisContext() as Importer;
    importer = (specifier, options) => withoutLoaderWarning(() => raw(specifier, options));
    importers.set(base, importer);
  }
  return importer;
}

/** Node warns that the constant is experimental at its first use; our tests pin its meaning on every version. */
function withoutLoaderWarning<T>(work: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: never[]): void => {
    if (!String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER'))
      emitWarning.call(process, warning, ...rest);
  }) as typeof emitWarning;
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** What `import.meta` is in the file `base`. */
export function metaFor(base: string): object {
  const isFile = base.startsWith('file:');
  const file = isFile ? fileURLToPath(base) : undefined;
  const require = createRequire(isFile ? base : `${process.cwd()}/[eval]`);
  return Object.assign(Object.create(null) as object, {
    url: base,
    ...(file !== undefined && { filename: file, dirname: file.replace(/[\\/][^\\/]*$/, '') || '/' }),
    resolve: (specifier: string) => resolveFrom(specifier, base, require),
  });
}

function resolveFrom(specifier: string, base: string, require: NodeRequire): string {
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, base).href;
  if (URL.canParse(specifier)) return specifier;
  const found = require.resolve(specifier);
  return found.startsWith('/') ? new URL(`file://${found}`).href : found;
}

/** The imported value, when it can be had without waiting. */
export function importedNow(reference: ImportReference): { value: unknown } | undefined {
  if (reference.specifier.startsWith('node:') || isBuiltinName(reference.specifier)) {
    const module = process.getBuiltinModule(reference.specifier) as Record<string, unknown> | undefined;
    if (module !== undefined) return { value: fromBuiltin(module, reference.name) };
  }
  const namespace = namespaces.get(moduleKey(reference));
  if (namespace !== undefined) return { value: exportOf(namespace, reference) };
  const value = importedValue(reference);
  return value && { value };
}

function isBuiltinName(specifier: string): boolean {
  return !/[.:/]/.test(specifier) && process.getBuiltinModule(specifier) !== undefined;
}

function fromBuiltin(module: Record<string, unknown>, name: string): unknown {
  if (name === 'default') return module;
  if (name === '*') return Object.assign(Object.create(null) as object, module, { default: module });
  return module[name];
}

/** Loads the module of a reference, so that {@link importedNow} finds it. */
export async function load(reference: ImportReference): Promise<void> {
  const namespace = await importerFor(reference.base)(reference.specifier);
  namespaces.set(moduleKey(reference), namespace);
  noteExports(namespace, reference);
}

function exportOf(namespace: object, reference: ImportReference): unknown {
  const value: unknown =
    reference.name === '*' ? namespace : (namespace as Record<string, unknown>)[reference.name];
  noteImport(value, reference);
  return value;
}

function moduleKey(reference: ImportReference): string {
  return `${reference.specifier}\n${/^\.{0,2}\//.test(reference.specifier) || !URL.canParse(reference.specifier) ? reference.base : ''}`;
}
