/** Tutti's own errors travel as references: every thread has these classes already. */
import * as errors from '../base/errors.ts';
import { noteImport } from './identity.ts';

const specifier = new URL('../base/errors.js', import.meta.url).href;

for (const [name, value] of Object.entries(errors)) {
  noteImport(value, { specifier, base: import.meta.url, name });
}
