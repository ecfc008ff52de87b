/** Real positions in the stacks of functions whose place nobody had asked for when they were sent. */
import type { AnyFunction } from './function-type.ts';
import { positionIn, recordOf } from './function-record.ts';

/** `file:line:column` of a function, in the user's own file. */
export function positionOf(fn: AnyFunction): string | undefined {
  const record = recordOf(fn);
  return record ? positionIn(fn, record, 0) : undefined;
}

/** A frame of a function that was captured without the inspector: its name, line and column in its own text. */
const FRAME = /tutti:(\(anonymous\)|[^\s():]*):(\d+):(\d+)/g;

/**
 * The stack with frames such as `tutti:score:1:9` replaced by the place in the user's file. A function without free
 * names is sent without asking the engine where it stands; now that it failed, somebody wants to know.
 */
export function relocate(stack: string, fns: readonly AnyFunction[]): string {
  if (!stack.includes('tutti:')) return stack;
  return stack.replace(FRAME, (frame, name: string, line: string, column: string) => {
    const fn = fns.find((one) => (one.name === '' ? '(anonymous)' : one.name) === name);
    const record = fn && recordOf(fn);
    if (fn === undefined || record === undefined || record === null) return frame;
    const lines = record.source.text.split('\n').slice(0, Number(line) - 1);
    const offset = lines.reduce((sum, text) => sum + text.length + 1, 0) + Number(column) - 1;
    return positionIn(fn, record, offset) ?? frame;
  });
}
