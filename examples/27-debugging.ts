/**
 * Debugging parallel code: read the error, then run the same calls in this thread.
 *
 * An error from a worker has its class, its properties and its cause, and its stack names the line in the worker, the
 * task, the item, and the line that made the call. Swap `threads()` for `serial()` and set a breakpoint.
 *
 * Python: debugging parallel code (pdb in one process, joblib's n_jobs=1, RemoteTraceback)
 */
import { serial, threads } from 'tutti';

class BadRecord extends Error {
  override name = 'BadRecord';
  readonly field: string;
  constructor(field: string, options: ErrorOptions) {
    super(`cannot read the field ${field}`, options);
    this.field = field;
  }
}

function parse(record: string): number {
  const [name = '', value = ''] = record.split('=');
  try {
    return Number(BigInt(value));
  } catch (cause) {
    throw new BadRecord(name, { cause });
  }
}

const records = ['tempo=120', 'bars=32', 'key=C minor', 'voices=4'];
// Set DEBUG_SERIAL=1 and every call runs here, one at a time.
const pool = process.env['DEBUG_SERIAL'] ? serial() : threads({ workers: 2 });

const error = await pool.map(records, parse, { name: 'parse records' }).catch((reason: unknown) => reason);
if (error instanceof BadRecord) {
  console.log(`${error.name}: ${error.message} (field: ${error.field})`);
  console.log(`caused by ${(error.cause as Error).name}`);
  const stack = error.stack ?? '';
  console.log(`the stack shows the function: ${stack.includes('at parse ')}`);
  console.log(`and the item: ${stack.includes('item 2')}, and the task: ${stack.includes('parse records')}`);
  console.log(`and this file: ${stack.includes('27-debugging')}`);
}

// The failing item alone, in this thread: where a debugger stops.
const here = await serial()
  .submit(parse, records[2]!)
  .catch((reason: unknown) => reason);
console.log(`the same here: ${here instanceof BadRecord && here.field}`);

await pool.close();

// expected output:
// BadRecord: cannot read the field key (field: key)
// caused by SyntaxError
// the stack shows the function: true
// and the item: true, and the task: true
// and this file: true
// the same here: key
