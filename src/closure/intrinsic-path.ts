/** Paths to what every thread has of its own; the half that receivers need. */

/** Objects of the language that no global name leads to. */
export const HIDDEN: Readonly<Record<string, () => object>> = {
  '%TypedArray%': () => Object.getPrototypeOf(Uint8Array) as object,
  '%Iterator%': () => Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object,
  '%AsyncIterator%': () =>
    Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})().constructor.prototype)) as object,
  '%ArrayIterator%': () => Object.getPrototypeOf([].values()) as object,
  '%Function%': () => Function.prototype,
  '%GeneratorFunction%': () => function* () {}.constructor,
  '%AsyncFunction%': () => (async () => {}).constructor,
  '%AsyncGeneratorFunction%': () => async function* () {}.constructor,
};

/** The object that a path of {@link intrinsicPath} leads to in this thread. */
export function intrinsicAt(path: readonly string[]): unknown {
  let at: unknown = globalThis;
  for (const [index, step] of path.entries()) {
    if (index === 0 && Object.hasOwn(HIDDEN, step)) {
      at = HIDDEN[step]!();
      continue;
    }
    const accessor = /^([gs]et) (.*)$/.exec(step);
    const key = accessor ? accessor[2]! : step;
    const name = key.startsWith('@@') ? (Symbol as unknown as Record<string, symbol>)[key.slice(2)]! : key;
    at = accessor
      ? Object.getOwnPropertyDescriptor(at, name)?.[accessor[1] as 'get' | 'set']
      : (at as Record<string | symbol, unknown>)[name];
  }
  return at;
}
