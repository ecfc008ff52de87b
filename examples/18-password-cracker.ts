/**
 * A password of four lower-case letters, known only by its SHA-256: try them all, and stop at the first hit.
 *
 * The search is cut by the first two letters into 676 pieces. `find` with `ordered: false` ends the moment a worker
 * has it: pieces that wait are dropped, running ones are told to stop.
 *
 * Python: the tutorial's password cracker with Pool.imap_unordered and pool.terminate()
 */
import { createHash } from 'node:crypto';
import { shared, threads } from 'tutti';

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const wanted = '9b9f7060d3290054631e4f2a081601add7307f3f873e9bca60514fb3bddb566c';

const pool = threads();
const tried = shared(Int32Array, 1);

/** The password that begins like this, if there is one. */
function crack(prefix: string): string | undefined {
  Atomics.add(tried, 0, 1);
  for (const third of letters) {
    for (const fourth of letters) {
      const word = prefix + third + fourth;
      if (sha256(word) === wanted) return word;
    }
  }
  return undefined;
}

const prefixes = letters.flatMap((first) => letters.map((second) => first + second));
const prefix = await pool.find(prefixes, crack, { ordered: false });
console.log(`it begins with ${prefix}`);
console.log(`the password is ${crack(prefix!)}`);
console.log(`the rest was left alone: ${tried[0]! < prefixes.length}`);

// The same question, asked for its answer only.
console.log(`is there one with j? ${await pool.some(letters, (second) => crack(`j${second}`))}`);

await pool.close();

// expected output:
// it begins with fu
// the password is fuga
// the rest was left alone: true
// is there one with j? false
