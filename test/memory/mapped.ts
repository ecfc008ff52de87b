/** What tests of mapped memory share: whether it can be had here, other programs that use it, and what they left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { nativeProblem } from '#src/memory/native.js';
import { fromRoot } from '../root.ts';

/** Why tests of mapped memory cannot run here; false when they can. */
export const missing: string | false = nativeProblem('segment()')?.message ?? false;

/** Why tests that look into /dev/shm and /proc cannot run here. */
export const notLinux: string | false =
  missing || (process.platform === 'linux' ? false : 'looks into /dev/shm and /proc');

/** The address of a compiled module of this folder, for other programs and threads. */
export function dist(name: string): string {
  return pathToFileURL(fromRoot('dist', 'memory', name)).href;
}

/** A folder that goes with the test file. */
export const folder: string = mkdtempSync(join(tmpdir(), 'tutti-memory-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let scripts = 0;
const programs = new Set<ChildProcess>();
after(() => {
  for (const child of programs) child.kill('SIGKILL'); // a failed test leaves its own
});

/** Starts a program; its modules are imported from `dist`, and what is left of `prelude` is the body. */
export function program(body: string, env: Record<string, string> = {}): ChildProcess {
  const path = join(folder, `program-${++scripts}.mjs`);
  const at = (name: string): string =>
    JSON.stringify(new URL(`file://${fromRoot('dist/memory', name)}`).href);
  const text = [
    `import { segment } from ${at('segment.js')};`,
    `import { shared } from ${at('shared.js')};`,
    `import { Worker } from 'node:worker_threads';`,
    `import { spawn, fork } from 'node:child_process';`,
    body,
  ];
  writeFileSync(path, text.join('\n'));
  const child = spawn(process.execPath, ['--expose-gc', path], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  programs.add(child);
  child.once('exit', () => programs.delete(child));
  return child;
}

/** What a program prints, up to and with the first line that begins with `word`; its rest. */
export async function lineOf(child: ChildProcess, word: string): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const line = text
      .split('\n')
      .slice(0, -1)
      .find((each) => each.startsWith(word));
    if (line !== undefined) return line.slice(word.length).trim();
  }
  throw new RangeError(`the program ended without a line "${word}": ${text}`);
}

/** The exit code or the signal. */
export async function ended(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
  return await new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}

/** Whether a segment has a name (Linux). */
export function exists(name: string): boolean {
  return existsSync(`/dev/shm/${name}`);
}

/** Waits until `test` holds, at most for some seconds. */
export async function until(test: () => boolean): Promise<void> {
  for (let look = 0; look < 2000; look++) {
    if (test()) return;
    await sleep(5);
  }
  throw new RangeError(`waited in vain until ${test.toString()}`);
}

/** The processes of this machine that clean up after a tracker id, by pid (Linux). */
export function trackers(id: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      // Its own title, or how it was started while it starts.
      return /^tutti-tracker|^[^\0]*\0[^\0]*\0[^\0]*tracker\.process\.js/.test(title) && title.includes(id);
    } catch {
      return false; // it ended meanwhile
    }
  });
}
