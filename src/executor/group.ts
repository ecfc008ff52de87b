/** Folding by key: the worker's half of `mapReduce`. */

type Combine = (a: unknown, b: unknown) => unknown;

/** Runs `mapper` over the items and folds the values of each key as they come; keys stay in first-seen order. */
export function foldPairs(
  items: Iterable<unknown>,
  mapper: (item: unknown) => unknown,
  combine: Combine,
): Map<unknown, unknown> | Promise<Map<unknown, unknown>> {
  const groups = new Map<unknown, unknown>();
  const iterator = items[Symbol.iterator]();
  const go = (): Map<unknown, unknown> | Promise<Map<unknown, unknown>> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const pending = addAll(groups, mapper(next.value), combine);
      if (pending !== undefined) return pending.then(go);
    }
    return groups;
  };
  return go();
}

/** Merges maps in order; the first one is not changed. */
export function mergeMaps(
  maps: Iterable<Map<unknown, unknown>>,
  combine: Combine,
): Map<unknown, unknown> | Promise<Map<unknown, unknown>> {
  return foldPairs(maps, (map) => map, combine);
}

/** Adds what a mapper returned: pairs, a map, a plain object's entries, or a promise or async iterable of pairs. */
function addAll(groups: Map<unknown, unknown>, output: unknown, combine: Combine): Promise<void> | undefined {
  if (output === null || typeof output !== 'object') {
    throw new TypeError(
      `a mapReduce mapper returns an iterable of [key, value] pairs, not ${output === null ? 'null' : typeof output}`,
    );
  }
  if (typeof (output as PromiseLike<unknown>).then === 'function') {
    return Promise.resolve(output).then((pairs) => addAll(groups, pairs, combine));
  }
  if (Symbol.asyncIterator in output) return addAsync(groups, output as AsyncIterable<unknown>, combine);
  const pairs = Symbol.iterator in output ? (output as Iterable<unknown>) : Object.entries(output);
  const iterator = pairs[Symbol.iterator]();
  const go = (): Promise<void> | undefined => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const pending = add(groups, next.value, combine);
      if (pending !== undefined) return pending.then(go);
    }
    return undefined;
  };
  return go();
}

async function addAsync(
  groups: Map<unknown, unknown>,
  pairs: AsyncIterable<unknown>,
  combine: Combine,
): Promise<void> {
  for await (const pair of pairs) await add(groups, pair, combine);
}

function add(groups: Map<unknown, unknown>, pair: unknown, combine: Combine): Promise<void> | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new TypeError('a mapReduce mapper yields [key, value] pairs; wrap each result as [key, value]');
  }
  const [key, value] = pair as [unknown, unknown];
  if (!groups.has(key)) {
    groups.set(key, value);
    return undefined;
  }
  const combined = combine(groups.get(key), value);
  if (
    combined !== null &&
    typeof combined === 'object' &&
    typeof (combined as PromiseLike<unknown>).then === 'function'
  ) {
    return Promise.resolve(combined).then((settled) => void groups.set(key, settled));
  }
  groups.set(key, combined);
  return undefined;
}
