/** Whether a step's outputs still belong to its inputs, so that repeating a command does nothing twice. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, shown } from './paths.mjs';

/**
 * Inputs count by content (a checkout changes times, not content), outputs by time and size (they are
 * ours, and whoever wrote over them has changed those).
 */
function fingerprint(inputs, outputs) {
  const hash = createHash('sha256');
  for (const path of inputs)
    hash
      .update(`${shown(path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  for (const path of outputs) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${shown(path)} ${size} ${mtimeMs}\0`);
  }
  return hash.digest('hex');
}

const stampOf = (step) => join(root, '.build', 'stamps', step);

/** True when `step` ended well with exactly these inputs and its outputs are untouched since. */
export function isFresh(step, inputs, outputs) {
  try {
    return readFileSync(stampOf(step), 'utf8') === fingerprint(inputs, outputs);
  } catch (error) {
    if (error.code === 'ENOENT') return false; // no stamp yet, or an input or output that is gone
    throw error;
  }
}

/** Records that `step` has ended well. */
export function markFresh(step, inputs, outputs) {
  mkdirSync(dirname(stampOf(step)), { recursive: true });
  writeFileSync(stampOf(step), fingerprint(inputs, outputs));
}
