/**
 * Sees to it that no worker outlives this process, however it ends.
 *
 * A worker whose event loop turns sees its socket end. One that computes, or is stopped, does not: a shell reads the ids of
 * all workers from a pipe, and when the pipe ends, because nobody is left to write to it, it kills those that still run. On
 * Windows child processes belong to a job of their parent's, which ends them.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { registrySlot } from '../base/registry.ts';

/** Arguments are the workers there are; then `+ pid` for a worker that began, `- pid` for one that has been seen to end. */
const script = `
alive=$*
while read -r sign pid; do
  case $sign in
    +) alive="$alive $pid" ;;
    -) left=; for one in $alive; do [ "$one" = "$pid" ] || left="$left $one"; done; alive=$left ;;
  esac
done
[ -z "$alive" ] || kill -9 $alive 2>/dev/null
`;

interface Lifeline {
  shell: ChildProcess | undefined;
  readonly workers: Set<number>;
}

const slot = registrySlot<Lifeline>('lifeline', 2);

/** A worker process has begun. */
export function tie(pid: number): void {
  if (process.platform === 'win32') return;
  const line = slot.take(() => ({ shell: undefined, workers: new Set() }));
  line.workers.add(pid);
  if (line.shell === undefined) start(line);
  else tell(line.shell, `+ ${pid}`);
}

/** A worker process has ended. */
export function untie(pid: number): void {
  const line = slot.get();
  if (line?.workers.delete(pid) !== true || line.shell === undefined) return;
  tell(line.shell, `- ${pid}`);
  if (line.workers.size > 0) return;
  // It ends with its input.
  line.shell.stdin?.end();
  line.shell = undefined;
}

function start(line: Lifeline): void {
  const shell = spawn('/bin/sh', ['-c', script, 'sh', ...[...line.workers].map(String)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Not of our group: a signal to all of it must not take this one first.
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  line.shell = shell;
  // Somebody has killed it: another one takes over. One that cannot be started is not tried again before the next worker.
  const lost = (again: boolean): void => {
    if (line.shell !== shell) return;
    line.shell = undefined;
    if (again && line.workers.size > 0) start(line);
  };
  shell.on('error', () => lost(false));
  shell.on('exit', () => lost(true));
  shell.unref();
  shell.stdin?.on('error', () => {
    // It is gone: its exit tells.
  });
  (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
}

function tell(shell: ChildProcess, line: string): void {
  if (shell.stdin?.writable === true) shell.stdin.write(`${line}\n`);
}
