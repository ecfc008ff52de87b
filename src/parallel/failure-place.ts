/** Where in a pipeline an error came from, noted beside the error: what a function throws is never wrapped. */

/** A stage of a pipeline: 0 is the source. */
export interface Place {
  readonly stage: number;
  /** What the stage does and with which function, such as `map parse`. */
  readonly name: string;
}

/** Where a pipeline failed. */
export interface FailurePlace extends Place {
  /** Which item of the stage's input it was, from 0; `undefined` where that is not known (an unordered stage on workers). */
  readonly index: number | undefined;
  /** The item itself, where it is known. */
  readonly item: unknown;
}

interface Note extends FailurePlace {
  /** The run of the pipeline: an error object that is thrown again elsewhere gets a new place. */
  readonly run: object;
}

const notes = new WeakMap<object, Note>();

/** Errors whose stack names a place: one object may be thrown many times. */
const told = new WeakSet<object>();

/**
 * Where the pipeline that rejected with `error` failed: which stage, which item.
 *
 * The error itself is what the stage's function threw, not a copy or a wrapper; its stack names the place, too. Of what
 * is no object (`throw 'oops'`) nothing is known.
 *
 * @param error what a pipeline rejected with
 * @returns the stage's number (0 is the source, 1 the first stage) and name, the index of the item in the stage's input and
 *   the item, where they are known; `undefined` for an error that came from no pipeline
 *
 * @example
 * ```ts
 * import { failedAt, pipeline } from 'tutti';
 *
 * const parsed = pipeline(['1', 'x']).map(BigInt).toArray();
 * const error: unknown = await parsed.catch((reason: unknown) => reason);
 * failedAt(error); // => { stage: 1, name: 'map BigInt', index: 1, item: 'x' }
 * ```
 */
export function failedAt(error: unknown): FailurePlace | undefined {
  const note = isObject(error) ? notes.get(error) : undefined;
  if (note === undefined) return undefined;
  const { stage, name, index, item } = note;
  return { stage, name, index, item };
}

/** Notes where in a run an error came from, unless a place nearer to it did; returns the error. */
export function notePlace(
  run: object,
  error: unknown,
  place: Place,
  index: number | undefined,
  item?: unknown,
): unknown {
  if (!isObject(error)) return error;
  const noted = notes.get(error);
  // What a source throws that is a pipeline itself, that one knows better.
  if (noted !== undefined && (noted.run === run || place.stage === 0)) return error;
  notes.set(error, { ...place, index, item, run });
  if (told.has(error)) return error;
  const which = index === undefined ? '' : `, item ${index}`;
  const where = place.stage === 0 ? 'the source' : `stage ${place.stage} (${place.name})`;
  if (addToStack(error, `    at ${where}${which} of a pipeline`)) told.add(error);
  return error;
}

/** Tells in the stack of `error` that something else failed while the pipeline was being ended for it. */
export function noteSuppressed(error: unknown, other: unknown): void {
  if (!isObject(error) || error === other) return;
  const text = isObject(other) && typeof other['stack'] === 'string' ? other['stack'] : String(other);
  addToStack(error, `    --- and closing the source failed ---\n${text.replace(/^/gm, '    ')}`);
}

/** Appends lines to the stack of what is an error with a writable stack; anything else stays as it was thrown. */
function addToStack(error: Record<string, unknown>, lines: string): boolean {
  try {
    const { stack } = error;
    if (typeof stack !== 'string' || !Object.isExtensible(error)) return false;
    const value = `${stack}\n${lines}`;
    return Reflect.defineProperty(error, 'stack', {
      value,
      writable: true,
      enumerable: false,
      configurable: true,
    });
  } catch {
    // A getter or a proxy of the user's that throws: then this is no error that we could add to.
    return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
