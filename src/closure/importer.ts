/** Imports as a given file would make them. */
import vm from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { loaded } from '../base/loading.ts';
import { importedValue, noteExports, noteImport } from './identity.ts';
import type { ImportReference } from './wire.ts';

/** `require` for a file. The module system's own module loads when somebody requires: workers start without it. */
export function requireFrom(file: string): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(file);
}

/**
 * Before Node 22, `require` fails for an ES module that is being imported, or imports one that is. A worker imports parts of
 * Tutti while it runs; what a message has it require may need them as well.
 */
let complete = Number.parseInt(process.versions.node) >= 22;

/** Whether no import of Tutti's is in the way of what is required. */
export function isComplete(): boolean {
  return complete;
}

/** Waits for imports that are under way, and those to come. */
export async function completeTutti(): Promise<void> {
  await Promise.all([import('./pack.ts'), import('./error.ts'), loaded()]);
  complete = true;
}

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
    const load: Importer = (specifier, options) => withoutLoaderWarning(() => raw(specifier, options));
    const tsx = missingTsx();
    importer =
      tsx === undefined
        ? load
        : (specifier, options) => registerTsx(tsx, load).then(() => load(specifier, options));
    importers.set(base, importer);
  }
  return importer;
}

/** `import()` as vite writes it: `/src/a.ts` is a path below some folder above the file, `/@fs/…` a full path. */
export function rootedImporterFor(base: string): Importer {
  const importer = importerFor(base);
  return (specifier, options) =>
    importer(specifier.startsWith('/') ? unrooted(specifier, base) : specifier, options);
}

function unrooted(specifier: string, base: string): string {
  if (specifier.startsWith('/@fs/')) return `file://${specifier.slice('/@fs'.length)}`;
  for (let folder = new URL('.', base); ; folder = new URL('..', folder)) {
    const file = new URL(`.${specifier}`, folder);
    if (process.getBuiltinModule('node:fs').existsSync(file)) return file.href;
    if (folder.pathname === '/') return specifier;
  }
}

/** Before Node 22 a loader such as tsx works in the main thread only: the argument that names it, if it runs. */
function missingTsx(): string | undefined {
  if (isMainThread || Number.parseInt(process.versions.node) >= 22) return undefined;
  return process.execArgv.find((argument) =>
    /^(?:--(?:import|loader)=)?(?:tsx|tsx\/esm|file:.*\/tsx\/dist\/loader\.mjs)$/.test(argument),
  );
}

let registered: Promise<unknown> | undefined;

function registerTsx(argument: string, load: Importer): Promise<unknown> {
  const file = /file:.*$/.exec(argument)?.[0];
  registered ??= load(file === undefined ? 'tsx/esm/api' : new URL('./esm/api/index.mjs', file).href).then(
    (tsx) => (tsx as { register(): unknown }).register(),
  );
  return registered;
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
  const file = isFile ? process.getBuiltinModule('node:url').fileURLToPath(base) : undefined;
  const require = requireFrom(isFile ? base : `${process.cwd()}/[eval]`);
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
  const { base, specifier, attributes } = reference;
  const namespace = await importerFor(base)(specifier, attributes && { with: attributes });
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
