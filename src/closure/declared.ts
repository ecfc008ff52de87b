/** Whether the text of a named function is a declaration, whose name the program can assign, or an expression. */
import type * as Acorn from 'acorn';
import type { AnyNode } from 'acorn';
import { createRequire } from 'node:module';
import type { Start } from './position.ts';
import type { Script } from './script.ts';

let acorn: typeof Acorn | undefined;

/** True when a function declaration starts at this place of the script. False for what does not parse. */
export function isDeclared(script: Script, start: Start): boolean {
  acorn ??= createRequire(import.meta.url)('acorn') as typeof Acorn;
  const { source } = script;
  let offset = 0;
  for (let n = script.startLine; n < start.line; n++) offset = source.indexOf('\n', offset) + 1;
  offset += start.line === script.startLine ? start.column - script.startColumn : start.column;
  try {
    const open: unknown[] = [
      acorn.parse(source, {
        ecmaVersion: 'latest',
        sourceType: script.isModule ? 'module' : 'script',
        allowReturnOutsideFunction: true,
        allowAwaitOutsideFunction: true,
      }),
    ];
    for (let next = open.pop() as AnyNode | undefined; next !== undefined; next = open.pop() as AnyNode) {
      if (next.start > offset || next.end <= offset) continue;
      if (next.type === 'FunctionDeclaration' && next.start === offset) return true;
      for (const value of Object.values(next).flat())
        if (typeof (value as AnyNode | null | undefined)?.type === 'string') open.push(value);
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return false;
}
