/** Modules of Tutti's own that a worker imports while it runs: before Node 22, nothing they import can be required meanwhile. */
const underWay = new Set<Promise<unknown>>();

/** Notes that an import is under way; returns it. */
export function loading<T>(modules: Promise<T>): Promise<T> {
  underWay.add(modules);
  const over = (): unknown => underWay.delete(modules);
  modules.then(over, over);
  return modules;
}

/** Resolves when the imports that are under way now have ended. */
export async function loaded(): Promise<void> {
  await Promise.allSettled(underWay);
}
