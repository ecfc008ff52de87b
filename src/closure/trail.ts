/** How the walk came to a value: kept as links to the step before, turned into text only when something is refused. */
import { CaptureError } from '../base/errors.ts';

/** One step of the walk. */
export interface Trail {
  readonly up: Trail | undefined;
  /** `name` starts a path, the others append to it. */
  readonly kind: 'name' | 'key' | 'text';
  readonly label: string | number | symbol;
  /** The function whose variable the step follows. */
  readonly by?: string | undefined;
  /** Tells the position of the mention, as `file:line:column`. */
  readonly at?: (() => string | undefined) | undefined;
  /** URL of the script that the function stands in. */
  readonly base?: (() => string) | undefined;
}

/** The readable path, from the last captured variable on. */
export function pathOf(trail: Trail | undefined): string {
  const parts: string[] = [];
  for (let step = trail; step !== undefined; step = step.up) {
    parts.push(step.kind === 'key' ? keyText(step.label) : String(step.label));
    if (step.kind === 'name') break;
  }
  return parts.reverse().join('').replace(/^\./, '') || 'value';
}

/** A step into an object as it stands in paths. */
export function keyText(key: string | number | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  if (typeof key === 'number' || /^\d+$/.test(key)) return `[${key}]`;
  return /^[\w$]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The error that refuses the value at the end of `trail`. */
export function refusal(trail: Trail | undefined, reason: string, cause?: unknown): CaptureError {
  let step = trail;
  while (step !== undefined && step.by === undefined) step = step.up;
  const at = step?.at?.();
  const path = pathOf(trail);
  const captured =
    step === undefined ? '' : ` (captured by \`${step.by}\`${at === undefined ? '' : ` at ${at}`})`;
  return new CaptureError(`cannot send \`${path}\`${captured}: ${reason}`, {
    path,
    capturedBy: step?.by,
    at,
    cause,
  });
}
