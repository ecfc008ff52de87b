/** Where in the user's own files a place of a function is. */
import { SourceMap } from 'node:module';
import { readFileSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Script } from './script.ts';

/** Where a function's text starts in its script, from 0. */
export interface Start {
  readonly line: number;
  readonly column: number;
}

/** Finds the start of a function's text; the engine tells only some position inside it. */
export function startOf(script: Script, line: number, column: number, text: string): Start {
  const { source } = script;
  let from = 0;
  for (let n = script.startLine; n < line; n++) from = source.indexOf('\n', from) + 1;
  const inside = from + (line === script.startLine ? column - script.startColumn : column);
  const offset = source.lastIndexOf(text, inside);
  if (offset < 0 || offset + text.length < inside) return { line, column };
  return lineAndColumn(source, offset, script.startLine, script.startColumn);
}

function lineAndColumn(source: string, offset: number, startLine: number, startColumn: number): Start {
  let line = 0;
  let lineStart = 0;
  for (let next = source.indexOf('\n'); next >= 0 && next < offset; next = source.indexOf('\n', lineStart)) {
    line++;
    lineStart = next + 1;
  }
  return { line: line + startLine, column: offset - lineStart + (line === 0 ? startColumn : 0) };
}

/** `file:line:column`, from 1, of an offset in a function's text; mapped through the script's source map. */
export function positionText(script: Script, start: Start, text: string, offset: number): string {
  const place = lineAndColumn(text, offset, start.line, start.column);
  const mapped = sourceMapOf(script)?.findEntry(place.line, place.column);
  if (mapped !== undefined && 'originalSource' in mapped && typeof mapped.originalSource === 'string')
    return `${fileText(absolute(mapped.originalSource, script.base))}:${mapped.originalLine + 1}:${mapped.originalColumn + 1}`;
  return `${fileText(script.url)}:${place.line + 1}:${place.column + 1}`;
}

function absolute(source: string, base: string): string {
  return URL.canParse(source, base) ? new URL(source, base).href : source;
}

/** A script's name for people: relative to the working directory when it lies below it. */
export function fileText(url: string): string {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  if (!isAbsolute(path)) return path === '' ? 'evaluated code' : path;
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || isAbsolute(short) ? path : short.split(sep).join('/');
}

const maps = new WeakMap<Script, SourceMap | null>();

function sourceMapOf(script: Script): SourceMap | undefined {
  let map = maps.get(script);
  if (map === undefined) {
    map = readSourceMap(script) ?? null;
    maps.set(script, map);
  }
  return map ?? undefined;
}

function readSourceMap(script: Script): SourceMap | undefined {
  const { sourceMapURL } = script;
  if (sourceMapURL === '') return undefined;
  try {
    const data = /^data:[^,]*?(;base64)?,(.*)$/s.exec(sourceMapURL);
    const text = data
      ? data[1] === undefined
        ? decodeURIComponent(data[2]!)
        : Buffer.from(data[2]!, 'base64').toString()
      : readFileSync(fileURLToPath(new URL(sourceMapURL, script.base)), 'utf8');
    return new SourceMap(JSON.parse(text) as ConstructorParameters<typeof SourceMap>[0]);
  } catch (error) {
    // A missing or broken map costs only the nicer position.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
