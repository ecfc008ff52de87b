/**
 * A declarative check for option objects: one table of rules per call, the same wording for every mistake.
 *
 * ```ts
 * const check = optionChecker('threads', { workers: integer({ min: 1, max: 1024 }), name: string() });
 * check({ workers: 4 }); // { workers: 4 }, typed as { workers?: number; name?: string }
 * check({ worker: 4 });  // TypeError: threads(): unknown option `worker`, did you mean `workers`?
 * ```
 */

/** What an option accepts. */
export interface Rule<T> {
  /** Completes "must be …": `an integer from 1 to 1024`. */
  readonly expects: string;
  /** Whether the value has the right type; of several alternatives the first that says so is taken. */
  is(value: unknown): boolean;
  /** Whether a value of the right type is within bounds. */
  within?(value: T): boolean;
  /** Checks inside a value of the right type (an option object in an option); returns what to use. */
  inside?(value: T, path: string): T;
}

/** Rules by option name. */
export type Rules = Readonly<Record<string, Rule<unknown>>>;

/** The type of an option object that passed `R`. */
export type Checked<R extends Rules> = { [K in keyof R]?: R[K] extends Rule<infer T> ? T : never };

/** Checks an option object; `path` names it in messages when it is not an argument itself. */
export type OptionChecker<R extends Rules> = (options: unknown, path?: string) => Checked<R>;

/**
 * A function that checks the options of `owner()` by `rules` and returns those that are present as a new object.
 *
 * `undefined`, as a whole or for an option, counts as absent. Throws a TypeError for what is not an object, an unknown
 * option or a wrong type, a RangeError for a value out of bounds; the message names option, value and expectation.
 */
export function optionChecker<const R extends Rules>(owner: string, rules: R): OptionChecker<R> {
  return (options, path = '') => {
    const checked: Record<string, unknown> = {};
    if (options === undefined) return checked as Checked<R>;
    if (typeof options !== 'object' || Object.prototype.toString.call(options) !== '[object Object]') {
      const what = path === '' ? 'options' : `option \`${path}\``;
      throw new TypeError(`${owner}(): ${what} must be an object of options, but got ${show(options)}`);
    }
    for (const name of Object.keys(options as object)) {
      const value = (options as Record<string, unknown>)[name];
      const full = path === '' ? name : `${path}.${name}`;
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      if (rule === undefined) throw unknownOption(`${owner}()`, name, full, Object.keys(rules));
      if (value === undefined) continue;
      if (!rule.is(value)) throw new TypeError(complaint(owner, full, rule, value));
      if (rule.within?.(value) === false) throw new RangeError(complaint(owner, full, rule, value));
      checked[name] = rule.inside ? rule.inside(value, full) : value;
    }
    return checked as Checked<R>;
  };
}

/** An integer from `min` to `max`, within what a double represents exactly. */
export function integer(bounds: { min?: number; max?: number } = {}): Rule<number> {
  const min = bounds.min ?? Number.MIN_SAFE_INTEGER;
  const max = bounds.max ?? Number.MAX_SAFE_INTEGER;
  return {
    expects: `an integer${span(bounds)}`,
    is: (value) => typeof value === 'number',
    within: (value) => Number.isInteger(value) && value >= min && value <= max,
  };
}

/** A finite number from `min` to `max`; `infinite` admits Infinity. */
export function number(bounds: { min?: number; max?: number; infinite?: boolean } = {}): Rule<number> {
  const { min = -Infinity, max = Infinity, infinite = false } = bounds;
  return {
    expects: `a ${infinite ? '' : 'finite '}number${span(bounds)}`,
    is: (value) => typeof value === 'number',
    within: (value) => value >= min && value <= max && (infinite || Number.isFinite(value)),
  };
}

/** A string, not empty unless `empty`. */
export function string(options: { empty?: boolean } = {}): Rule<string> {
  return {
    expects: options.empty ? 'a string' : 'a string that is not empty',
    is: (value) => typeof value === 'string',
    within: (value) => options.empty === true || value !== '',
  };
}

/** `true` or `false`. */
export function boolean(): Rule<boolean> {
  return { expects: 'true or false', is: (value) => typeof value === 'boolean' };
}

/** A function; `F` is its type as far as the caller promises it. */
export function func<F extends (...args: never[]) => unknown = (...args: never[]) => unknown>(): Rule<F> {
  return { expects: 'a function', is: (value) => typeof value === 'function' };
}

/** An AbortSignal, of any realm. */
export function abortSignal(): Rule<AbortSignal> {
  return {
    expects: 'an AbortSignal',
    is: (value) =>
      value instanceof AbortSignal ||
      (typeof value === 'object' &&
        value !== null &&
        typeof (value as AbortSignal).aborted === 'boolean' &&
        typeof (value as AbortSignal).addEventListener === 'function'),
  };
}

/** An object whose own values are all strings. */
export function stringRecord(): Rule<Record<string, string>> {
  return {
    expects: 'an object whose values are strings',
    is: (value) => isObject(value) && Object.values(value).every((each) => typeof each === 'string'),
  };
}

/** An array of strings. */
export function stringList(): Rule<string[]> {
  return {
    expects: 'an array of strings',
    is: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  };
}

/** One of the given strings. */
export function oneOf<const V extends string>(...values: readonly V[]): Rule<V> {
  return {
    expects: `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`,
    is: (value) => typeof value === 'string',
    within: (value) => values.includes(value),
  };
}

/** Any object, handed on unseen (somebody else checks it). */
export function object<T extends object = object>(): Rule<T> {
  return { expects: 'an object', is: isObject };
}

/** An option object inside an option, checked by its own rules. */
export function nested<R extends Rules>(check: OptionChecker<R>): Rule<Checked<R>> {
  return { expects: 'an object of options', is: isObject, inside: check };
}

/** What either rule accepts. */
export function either<A, B>(a: Rule<A>, b: Rule<B>): Rule<A | B> {
  const of = (value: unknown) => (a.is(value) ? a : b) as Rule<A | B>;
  return {
    expects: `${a.expects} or ${b.expects}`,
    is: (value) => a.is(value) || b.is(value),
    within: (value) => of(value).within?.(value) !== false,
    inside: (value, path) => of(value).inside?.(value, path) ?? value,
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function span(bounds: { min?: number; max?: number }): string {
  if (bounds.min !== undefined && bounds.max !== undefined) return ` from ${bounds.min} to ${bounds.max}`;
  if (bounds.min !== undefined) return ` of at least ${bounds.min}`;
  return bounds.max === undefined ? '' : ` of at most ${bounds.max}`;
}

function complaint(owner: string, path: string, rule: Rule<unknown>, value: unknown): string {
  return `${owner}(): option \`${path}\` must be ${rule.expects}, but got ${show(value)}`;
}

/** What is wrong with options of which `name`, at `path`, is none that `owner` knows. */
export function unknownOption(
  owner: string,
  name: string,
  path: string,
  known: readonly string[],
): TypeError {
  const near = nearest(name, known);
  const hint = near === undefined ? `; it knows ${known.join(', ')}` : `, did you mean \`${near}\`?`;
  return new TypeError(`${owner}: unknown option \`${path}\`${hint}`);
}

/** The known name that differs least from `name`, if it is near enough to be what was meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const lowered = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (lowered < bestDistance) {
      bestDistance = lowered;
      best = candidate;
    }
  }
  // `timeout` for `timeoutMs`: a missing unit is the commonest slip of all.
  return best ?? known.find((candidate) => candidate.toLowerCase() === `${name.toLowerCase()}ms`);
}

/** Levenshtein distance with neighbours swapped counting once (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(substitute, (previous[j] as number) + 1, (current[j - 1] as number) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] as number) + 1);
      }
      current.push(least);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] as number;
}

/** A value in an error message, short: `"four" (string)`, `-1`, `a Map`. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)} (string)`;
    case 'bigint':
      return `${value}n`;
    case 'function':
      return value.name === '' ? 'a function' : `the function ${value.name}`;
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return `an array of length ${value.length}`;
      const name: unknown = value.constructor?.name;
      if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object';
      return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
    }
    default:
      return String(value);
  }
}
